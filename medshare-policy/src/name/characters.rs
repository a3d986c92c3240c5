//! Characters that no name may hold.
//!
//! People check names by looking at them, for instance before they countersign a policy. A name
//! therefore holds no character that is invisible, moves its neighbours, looks like a plain space,
//! or means nothing without an agreement: Default_Ignorable_Code_Point, White_Space but for U+0020,
//! the general categories Cc, Cf, Zl, Zp and Co (Cf contains Bidi_Control), noncharacters, and two
//! symbols without ink, U+2800 and U+1D159 [Unicode 18.0, `DerivedCoreProperties.txt`,
//! `PropList.txt`, `DerivedGeneralCategory.txt`; Boucher and Anderson, *Trojan Source*, USENIX
//! Security 2023].
//!
//! The table is part of the format. It must not change with a library or a compiler: members would
//! disagree on which texts are names. Blocks that Unicode reserves for default-ignorable characters
//! are refused whole, also where nothing is assigned yet. Other unassigned characters are allowed:
//! they are displayed as boxes.

/// Refused code points: ascending ranges, both ends included.
const REFUSED: [(u32, u32); 35] = [
    (0x0000, 0x001f),
    (0x007f, 0x00a0),
    (0x00ad, 0x00ad),
    (0x034f, 0x034f),
    (0x0600, 0x0605),
    (0x061c, 0x061c),
    (0x06dd, 0x06dd),
    (0x070f, 0x070f),
    (0x0890, 0x0891),
    (0x08e2, 0x08e2),
    (0x115f, 0x1160),
    (0x1680, 0x1680),
    (0x17b4, 0x17b5),
    (0x180b, 0x180f),
    (0x2000, 0x200f),
    (0x2028, 0x202f),
    (0x205f, 0x206f),
    (0x2800, 0x2800),
    (0x3000, 0x3000),
    (0x3164, 0x3164),
    (0xe000, 0xf8ff),
    (0xfdd0, 0xfdef),
    (0xfe00, 0xfe0f),
    (0xfeff, 0xfeff),
    (0xffa0, 0xffa0),
    (0xfff0, 0xfffb),
    (0x1_10bd, 0x1_10bd),
    (0x1_10cd, 0x1_10cd),
    (0x1_3430, 0x1_343f),
    (0x1_bca0, 0x1_bca3),
    (0x1_d159, 0x1_d159),
    (0x1_d173, 0x1_d17a),
    (0xe_0000, 0xe_0fff),
    (0xf_0000, 0xf_ffff),
    (0x10_0000, 0x10_ffff),
];

/// Whether names must not hold the character.
pub(crate) fn is_refused(character: char) -> bool {
    let code = u32::from(character);
    // The last two of every plane are noncharacters.
    if code & 0xfffe == 0xfffe {
        return true;
    }
    let after = REFUSED.partition_point(|(first, _)| *first <= code);
    after
        .checked_sub(1)
        .is_some_and(|range| code <= REFUSED[range].1)
}

#[cfg(test)]
mod tests {
    use icu_properties::props::{
        BidiControl, DefaultIgnorableCodePoint, GeneralCategory, NoncharacterCodePoint, WhiteSpace,
    };
    use icu_properties::{CodePointMapData, CodePointSetData};

    use super::*;

    #[test]
    fn ranges_ascend() {
        assert!(REFUSED.iter().all(|(first, last)| first <= last));
        assert!(REFUSED.windows(2).all(|pair| pair[0].1 < pair[1].0));
    }

    /// Computes the rule from the character properties of ICU4X.
    #[test]
    fn the_table_is_the_rule() {
        let category = CodePointMapData::<GeneralCategory>::new();
        let ignorable = CodePointSetData::new::<DefaultIgnorableCodePoint>();
        let space = CodePointSetData::new::<WhiteSpace>();
        let nothing = CodePointSetData::new::<NoncharacterCodePoint>();
        let bidirectional = CodePointSetData::new::<BidiControl>();
        for character in '\0'..=char::MAX {
            let category = matches!(
                category.get(character),
                GeneralCategory::Control
                    | GeneralCategory::Format
                    | GeneralCategory::LineSeparator
                    | GeneralCategory::ParagraphSeparator
                    | GeneralCategory::PrivateUse
            );
            let rule = category
                || ignorable.contains(character)
                || (space.contains(character) && character != ' ')
                || nothing.contains(character)
                || matches!(character, '\u{2800}' | '\u{1d159}');
            assert_eq!(
                is_refused(character),
                rule,
                "U+{:04X}",
                u32::from(character)
            );
            assert!(rule || !bidirectional.contains(character));
        }
    }
}
