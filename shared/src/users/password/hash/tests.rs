use super::*;

use crate::users::{Password, Verification, password::verify};

fn verified(hash: &str, password: &str) -> Verification {
    let hash: PasswordHash = hash.parse().unwrap_or_else(|error| panic!("{hash}: {error}"));
    verify(Some(&hash), Password::entered(password).unwrap())
}

/// The password of the hashes that were made for this test.
const PASSWORD: &str = "correct horse battery";

/// Hashes of [`PASSWORD`], made by Django 5.2 and passlib 1.7.4, with the names of their algorithms.
const MADE: [(&str, &str); 17] = [
    // Django.
    ("pbkdf2", "pbkdf2_sha256$1000$krzBokXiK4uGxq8BhkuBsU$an7YH2ucLZ2QhaFDys7c7DpJJqY1Z2j4umqQFqjttU0="),
    ("pbkdf2", "pbkdf2_sha1$1000$GDjsNJf91sBn5xqicvUGC3$DUGop2PzjN+O+x5xOIh8BkEy5PA="),
    ("bcrypt", "bcrypt_sha256$$2b$04$8ZW.bP4lHochUbmTcyy29.I1Ov5co70In/mEvfjzknc.qNXO8Xd.S"),
    ("bcrypt", "bcrypt$$2b$04$Eq/43kVgcjfWXFc3MGraRO0J/oVOEcf//MlMJ9KVrIKdFg.3lKBxu"),
    (
        "scrypt",
        "scrypt$1024$35jhHBaaNcycsDN75UIw7z$8$5$onBdE2sYHgUaW7hltR+HEAmNXqi/LiUu8WDUkaXa/z+tWIknT9thVHTbM9IvKoB8IYdbk9oSvp+saSfKdz2F4g==",
    ),
    (
        "argon2id",
        "argon2$argon2id$v=19$m=1024,t=2,p=8$aGVzSWxqb1lIQlp2OVd2MFpya2hVZw$rpdktX6A/r+uL4h/OmegboRzpUG9Q5n6HOKE/O1gAkQ",
    ),
    // passlib.
    ("pbkdf2", "$pbkdf2$1000$ojTm3Dsn5BwDgJDy/j8nhA$vFxPGI/Jdad79l2IkZuC9zBPlSM"),
    ("pbkdf2", "$pbkdf2-sha256$1000$bU2J8V4LgXBOKWUMASDkXA$xls.g2Gi4b.mp1XtRNyLCFoUZA.BV51usCQ6XB.Uk6s"),
    (
        "pbkdf2",
        "$pbkdf2-sha512$1000$jDHm3JsTQuidk1KqldLauw$N79BQfIZgjEOn.dnrZlbmCGiALRLAvwi2C3TrBwzvR8MGxc8vmtqaaNRqtI2gDmT6Kovn0S7wxXPealQqbI0lw",
    ),
    ("scrypt", "$scrypt$ln=10,r=8,p=1$GSMkZMxZC+H8fw8BYKxVqg$8iWGfJI81mtr6vhw633b/I9ZSh53UYwrR4rMbE11/jE"),
    (
        "argon2i",
        "$argon2i$v=19$m=1024,t=2,p=2$0xrjvFcqRSiltPZ+T8mZMw$aB21amUecerVPnQ/DQzc5puvt348kC/c75D2DjocH90",
    ),
    (
        "argon2d",
        "$argon2d$v=19$m=1024,t=2,p=4$B0Bo7b1XCmGMca5VqtUaww$sIi06Y/oQ9y1iYmRvFpWr+64OfOhVzuV5VYwRpN9I4g",
    ),
    ("bcrypt", "$2b$04$bXHtQVbVUVK2lQ6y9tEgY.WRoSAOkGVp1DXkx7ISxosHW.b8eVjYO"),
    ("bcrypt", "$2a$04$C7rNgF3gG7EDBLuVo1kLQ.5FPdeGTLbkpREeBrK4o5l4LR9uBVe46"),
    ("bcrypt", "$2y$04$ntCG4fEBUT/F4QjOOnqZl.0Rf.pQEhUV1Di4m19Y/GRzNnQtKNs9a"),
    // The same hash with bits in the last character of its salt that belong to no byte.
    ("bcrypt", "$2b$04$bXHtQVbVUVK2lQ6y9tEgY/WRoSAOkGVp1DXkx7ISxosHW.b8eVjYO"),
    // PHC strings write no padding, but some programs do.
    (
        "pbkdf2",
        "$pbkdf2-sha256$i=1000,l=32$bU2J8V4LgXBOKWUMASDkXA==$xls+g2Gi4b+mp1XtRNyLCFoUZA+BV51usCQ6XB+Uk6s=",
    ),
];

#[test]
fn the_right_password_matches_a_hash_of_any_algorithm_and_no_other_does() {
    for (algorithm, hash) in MADE {
        assert_eq!(verified(hash, PASSWORD), Verification::Match { outdated: true }, "{hash}");
        for wrong in ["correct horse batterz", "correct horse batter", "correct horse battery ", "x"] {
            assert_eq!(verified(hash, wrong), Verification::Mismatch, "{hash} {wrong}");
        }
        assert_eq!(hash.parse::<PasswordHash>().unwrap().algorithm(), algorithm);
    }
}

#[test]
fn the_vectors_of_the_specifications_match() {
    for (hash, password) in [
        // RFC 6070, the first block of the vector with the long salt.
        (
            "$pbkdf2-sha1$i=4096,l=20$c2FsdFNBTFRzYWx0U0FMVHNhbHRTQUxUc2FsdFNBTFRzYWx0$PS7sT+QchJuAyNg2YsDkSospGpY",
            "passwordPASSWORDpassword",
        ),
        // RFC 7914 §12, N = 16384.
        (
            "$scrypt$ln=14,r=8,p=1$U29kaXVtQ2hsb3JpZGU$cCO9yzr9c0hGHAbNgf046/2o+7qQT44+qbVD9lRdofLVQylVYT8Pz2LUlwUkKpr55h6F3A1lHkDfzwF7RVdYhw",
            "pleaseletmein",
        ),
        // The tests of crypt_blowfish.
        ("$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", "U*U"),
        ("$2a$05$CCCCCCCCCCCCCCCCCCCCC.VGOzA784oUp/Z0DY336zx7pLYAy0lwK", "U*U*"),
        ("$2a$05$XXXXXXXXXXXXXXXXXXXXXOAcXxm9kjPGEMsLznoKqmqw7tc8WCx4a", "U*U*U"),
    ] {
        assert_eq!(verified(hash, password), Verification::Match { outdated: true }, "{hash}");
    }
}

#[test]
fn bcrypt_reads_72_bytes_of_a_password() {
    let long = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    let hash = "$2a$05$abcdefghijklmnopqrstuu5s2v8.iXieOjg/.AySBTTZIIVFJeBui";
    for matching in [long, &format!("{long}chars after 72 are ignored as usual")] {
        assert!(verified(hash, matching).matches());
    }
    // What follows may be a typo: another hash would depend on it.
    assert_eq!(verified(hash, long), Verification::Match { outdated: true });
    assert_eq!(verified(hash, &format!("{long}x")), Verification::Match { outdated: false });
    assert!(!verified(hash, long.split_at(71).0).matches());
    // Django's bcrypt_sha256 hashes a digest, so it has no such limit.
    let (_, sha256) = MADE[2];
    assert!(!verified(sha256, &format!("{PASSWORD}{long}")).matches());
}

#[test]
fn a_user_without_a_password_has_a_hash_that_nothing_matches() {
    let none = PasswordHash::of_no_password();
    assert!(!none.is_of_a_password() && !none.is_outdated());
    assert_eq!(none.as_str().parse(), Ok(none.clone()), "an older release can read it");
    for password in ["x", "AAAAAAAA", "\0\0\0\0"] {
        assert_eq!(verified(none.as_str(), password), Verification::Mismatch);
    }
    assert!(MADE.iter().all(|(_, hash)| hash.parse::<PasswordHash>().unwrap().is_of_a_password()));
}

#[test]
fn a_text_that_is_no_hash_of_a_known_algorithm_is_refused() {
    for text in [
        "",
        "$",
        "$$",
        "password",
        "correct horse battery",
        "!Ghmd0bYK6nP8f4yPDNxe21LfVNK3mo6SrRcrk6Do",
        // Unsalted and fast hashes, and other systems' forms.
        "5f4dcc3b5aa765d61d8327deb882cf99",
        "md5$salt$67a1e09bb1f83f5007dc119c14d663aa",
        "sha1$salt$59b3e8d637cf97edbe2384cf59cb7453dfe30789",
        "$1$salt$qJH7.N4xYta3aEG/dfqo/0",
        "$6$salt$IxDD3jeSOb5eB1CX5LBsqZFVkJdido3OUILO5Ifz5iwMuTS4XMS130MTSuDDl3aCI6WouIL9AjRbLCelDCy.g.",
        "$pbkdf2-md5$1000$bU2J8V4LgXBOKWUMASDkXA$xls.g2Gi4b.mp1XtRNyLCFoUZA.BV51usCQ6XB.Uk6s",
        // The flawed variant of bcrypt.
        "$2x$04$bXHtQVbVUVK2lQ6y9tEgY.WRoSAOkGVp1DXkx7ISxosHW.b8eVjYO",
    ] {
        assert_eq!(text.parse::<PasswordHash>(), Err(InvalidPasswordHash::Unrecognized), "{text}");
    }
}

#[test]
fn an_incomplete_or_malformed_hash_is_refused() {
    let long = format!("pbkdf2_sha256$1000${}$an7YH2ucLZ2QhaFDys7c7DpJJqY1Z2j4umqQFqjttU0=", "s".repeat(500));
    for text in [
        "$2b$04$bXHtQVbVUVK2lQ6y9tEgY.WRoSAOkGVp1DXkx7ISxosHW.b8eVjY",
        "$2b$03$bXHtQVbVUVK2lQ6y9tEgY.WRoSAOkGVp1DXkx7ISxosHW.b8eVjYO",
        "$2b$4$bXHtQVbVUVK2lQ6y9tEgY.WRoSAOkGVp1DXkx7ISxosHW.b8eVjYO0",
        "$2b$+4$bXHtQVbVUVK2lQ6y9tEgY.WRoSAOkGVp1DXkx7ISxosHW.b8eVjYO",
        "$2b$04$bXHtQVbVUVK2lQ6y9tEgé.WRoSAOkGVp1DXkx7ISxosHW.b8eVjY",
        "bcrypt$2b$04$bXHtQVbVUVK2lQ6y9tEgY.WRoSAOkGVp1DXkx7ISxosHW.b8eVjYO",
        "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHQ",
        "$argon2id$v=19$m=1,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
        "$scrypt$ln=10,r=8$GSMkZMxZC+H8fw8BYKxVqg$8iWGfJI81mtr6vhw633b/I9ZSh53UYwrR4rMbE11/jE",
        "$scrypt$ln=10,r=0,p=1$GSMkZMxZC+H8fw8BYKxVqg$8iWGfJI81mtr6vhw633b/I9ZSh53UYwrR4rMbE11/jE",
        "scrypt$2000$saltsalt$8$1$8iWGfJI81mtr6vhw633b/I9ZSh53UYwrR4rMbE11/jE=",
        // An output that is short enough to be guessed, or empty, and one that repeats the iterations.
        "$pbkdf2-sha256$1000$bU2J8V4LgXBOKWUMASDkXA$",
        "$pbkdf2-sha256$1000$bU2J8V4LgXBOKWUMASDkXA$xls.g2Gi",
        "$pbkdf2$1000$ojTm3Dsn5BwDgJDy/j8nhA$xls.g2Gi4b.mp1XtRNyLCFoUZA.BV51usCQ6XB.Uk6s",
        &long,
    ] {
        assert_eq!(text.parse::<PasswordHash>(), Err(InvalidPasswordHash::Malformed), "{text}");
    }
}

#[test]
fn a_hash_that_would_take_too_long_or_too_much_memory_is_refused() {
    let (salt, output) = ("c29tZXNhbHQ", "8iWGfJI81mtr6vhw633b/I9ZSh53UYwrR4rMbE11/jE");
    let bcrypt = "bXHtQVbVUVK2lQ6y9tEgY.WRoSAOkGVp1DXkx7ISxosHW.b8eVjYO";
    for (most, too_costly) in [
        (format!("$2b$13${bcrypt}"), format!("$2b$14${bcrypt}")),
        (format!("bcrypt$$2b$13${bcrypt}"), format!("bcrypt_sha256$$2b$31${bcrypt}")),
        (
            format!("$argon2id$v=19$m=131072,t=4,p=16${salt}${output}"),
            format!("$argon2id$v=19$m=131073,t=1,p=1${salt}${output}"),
        ),
        (
            format!("$argon2d$v=19$m=8,t=65536,p=1${salt}${output}"),
            format!("argon2$argon2i$v=19$m=8,t=65537,p=1${salt}${output}"),
        ),
        (
            format!("$argon2id$v=19$m=1024,t=2,p=16${salt}${output}"),
            format!("$argon2id$v=19$m=1024,t=2,p=17${salt}${output}"),
        ),
        (format!("$scrypt$ln=17,r=8,p=1${salt}${output}"), format!("$scrypt$ln=18,r=8,p=1${salt}${output}")),
        (format!("scrypt$16384$saltsalt$8$8${output}="), format!("scrypt$16384$saltsalt$8$9${output}=")),
        (
            format!("$scrypt$ln=10,r=1,p=1024${salt}${output}"),
            format!("$scrypt$ln=4294967295,r=1,p=1${salt}${output}"),
        ),
        (
            format!("$pbkdf2-sha256$2000000${salt}${output}"),
            format!("$pbkdf2-sha256$i=2000001,l=32${salt}${output}"),
        ),
        (
            format!("$pbkdf2-sha512$1000000${salt}${output}"),
            format!("$pbkdf2-sha512$1000001${salt}${output}"),
        ),
        (
            format!("pbkdf2_sha256$2000000$saltsalt${output}="),
            format!("pbkdf2_sha256$4294967295$saltsalt${output}="),
        ),
    ] {
        assert!(most.parse::<PasswordHash>().is_ok(), "{most}");
        let refused = too_costly.parse::<PasswordHash>();
        assert!(matches!(refused, Err(InvalidPasswordHash::TooCostly { .. })), "{too_costly} {refused:?}");
    }
}

#[test]
fn a_hash_that_is_too_fast_or_has_too_short_a_salt_is_refused() {
    // 8 and 7 bytes.
    let (salt, short) = ("MTIzNDU2Nzg", "MTIzNDU2Nw");
    let output = "8iWGfJI81mtr6vhw633b/I9ZSh53UYwrR4rMbE11/jE";
    for (least, too_weak) in [
        (format!("$pbkdf2-sha256$1000${salt}${output}"), format!("$pbkdf2-sha256$1000${short}${output}")),
        (format!("$pbkdf2-sha512$i=1000${salt}${output}"), format!("$pbkdf2-sha512$i=999${salt}${output}")),
        (format!("$pbkdf2-sha256$1000${salt}${output}"), format!("$pbkdf2-sha256$0${salt}${output}")),
        (format!("pbkdf2_sha256$1000$12345678${output}="), format!("pbkdf2_sha256$1000$1234567${output}=")),
        (format!("pbkdf2_sha256$1000$12345678${output}="), format!("pbkdf2_sha256$1$12345678${output}=")),
        (format!("$scrypt$ln=10,r=1,p=1${salt}${output}"), format!("$scrypt$ln=10,r=1,p=1$${output}")),
        (format!("$scrypt$ln=10,r=1,p=1${salt}${output}"), format!("$scrypt$ln=9,r=8,p=1${salt}${output}")),
        (format!("$scrypt$ln=10,r=1,p=1${salt}${output}"), format!("$scrypt$ln=0,r=8,p=1${salt}${output}")),
        (format!("scrypt$1024$12345678$1$1${output}="), format!("scrypt$1024$1234567$1$1${output}=")),
        (format!("scrypt$1024$12345678$1$1${output}="), format!("scrypt$512$12345678$1$1${output}=")),
    ] {
        assert!(least.parse::<PasswordHash>().is_ok(), "{least}");
        let refused = too_weak.parse::<PasswordHash>();
        assert!(matches!(refused, Err(InvalidPasswordHash::TooWeak { .. })), "{too_weak} {refused:?}");
    }
}
