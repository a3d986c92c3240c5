//! The peak memory of this process.

/// The high-water mark of resident memory in bytes, on systems with `/proc`.
#[must_use]
pub fn peak() -> Option<u64> {
    high_water_mark(&std::fs::read_to_string("/proc/self/status").ok()?)
}

fn high_water_mark(status: &str) -> Option<u64> {
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim_end().parse().ok()?;
    kib.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::high_water_mark;

    #[test]
    fn reads_the_high_water_mark_alone() {
        let status = "Name:\tx\nVmPeak:\t  999 kB\nVmHWM:\t   1234 kB\nVmRSS:\t  12 kB\n";
        assert_eq!(high_water_mark(status), Some(1234 * 1024));
        for other in ["", "VmRSS:\t12 kB\n", "VmHWM:\tmany kB\n", "VmHWM:\t12\n"] {
            assert_eq!(high_water_mark(other), None, "{other:?}");
        }
    }
}
