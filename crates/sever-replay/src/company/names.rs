//! Invented names: given and family names that are combined at random.

/// Given and family names of a company in East Asia.
pub(super) const EAST: (&[&str], &[&str]) = (
    &[
        "Ara", "Bora", "Chan", "Dain", "Eun", "Gyeong", "Haneul", "Iseul", "Jiho", "Kyu", "Mirae", "Nari", "Ori",
        "Pureum", "Rami", "Sol", "Taeo", "Uju", "Woori", "Yuna",
    ],
    &["Baekgang", "Chamsol", "Daeryu", "Gangil", "Haesun", "Jangmi", "Maru", "Namgil", "Saebyeok", "Yeoul"],
);

/// Given and family names of a company in North America.
pub(super) const WEST: (&[&str], &[&str]) = (
    &[
        "Alba", "Bram", "Cleo", "Dario", "Edda", "Ferris", "Greta", "Hollis", "Ines", "Jory", "Keziah", "Lorne",
        "Mabel", "Nico", "Odette", "Perrin", "Quinn", "Rosa", "Stellan", "Tamsin",
    ],
    &["Ashdown", "Birchall", "Calloway", "Dunmere", "Everley", "Fenwick", "Garrow", "Hartnell", "Inkpen", "Jessop"],
);
