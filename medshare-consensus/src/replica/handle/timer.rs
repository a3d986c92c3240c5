//! L3, L4, L35 and L55: a timer fired.

use crate::io::Timer;
use crate::proposal::Payload;
use crate::replica::Replica;

impl<P: Payload> Replica<P> {
    pub(super) fn on_timer(&mut self, timer: Timer) {
        match timer {
            Timer::Resend => self.on_resend(),
            Timer::Heartbeat => self.fall_due(),
            Timer::Late => self.on_late_timer(),
            Timer::View => {
                if self.view_timer_fired() {
                    self.change_view(self.current.view.next());
                }
            }
        }
    }
}
