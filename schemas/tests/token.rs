//! How a device proves who it is, and every way we know of being somebody else.

#![expect(
    clippy::unwrap_used,
    reason = "a helper that fails is a test that fails"
)]

use base64ct::{Base64UrlUnpadded, Encoding};
use ed25519_dalek::{Signer, SigningKey};
use fleetfold_schemas::{
    DeviceId,
    token::{
        self, Claims, DeviceToken, Expect, Lifetime, TOKEN_BYTES_MAX, TokenError, UnverifiedToken,
    },
};

const NOW_S: u64 = 1_790_000_010;
const HEADER: &str = r#"{"alg":"EdDSA","typ":"JWT"}"#;
const BODY: &str =
    r#"{"sub":"press-17","aud":"plant-4","iat":1790000000,"exp":1790000300,"ctr":12}"#;
/// HEADER and BODY with the key of seed 5, made by PyJWT 2.15.
const BY_PYJWT: &str = "eyJhbGciOiJFZERTQSIsInR5cCI6IkpXVCJ9.\
    eyJzdWIiOiJwcmVzcy0xNyIsImF1ZCI6InBsYW50LTQiLCJpYXQiOjE3OTAwMDAwMDAsImV4cCI6MTc5MDAwMDMwMCwiY3RyIjoxMn0.\
    63Rsi4sdk7dxjyFiCz6UWFe_-r5eh0yjnR0D3hK7RU1Wu_vME_qEdzUss1AmoBDMscm04ouJirLcBih3J3TdCQ";

fn device_key() -> SigningKey {
    SigningKey::from_bytes(&[5; 32])
}

fn press() -> DeviceId {
    DeviceId::parse("press-17").unwrap()
}

fn lifetime() -> Lifetime {
    Lifetime {
        issued_s: 1_790_000_000,
        expires_s: 1_790_000_300,
    }
}

fn token(device: &DeviceId) -> DeviceToken<'_> {
    DeviceToken {
        device,
        site: "plant-4",
        lifetime: Some(lifetime()),
        counter: 12,
        voucher: None,
    }
}

fn expect(device: &DeviceId) -> Expect<'_> {
    Expect {
        device,
        site: "plant-4",
        now_s: NOW_S,
        last_counter: Some(11),
        skew_s: 30,
    }
}

fn verify(token: &str) -> Result<Claims, TokenError> {
    token::verify(token, &device_key().verifying_key(), &expect(&press()))
}

fn refusal(token: &str) -> &'static str {
    verify(token).expect_err("must be refused").code()
}

/// Any two texts as header and body, signed by the device.
fn handmade(header: &str, body: &str) -> String {
    let part = |text: &str| Base64UrlUnpadded::encode_string(text.as_bytes());
    let signed = format!("{}.{}", part(header), part(body));
    let signature = device_key().sign(signed.as_bytes()).to_bytes();
    format!("{signed}.{}", Base64UrlUnpadded::encode_string(&signature))
}

#[test]
fn a_token_of_the_device_is_accepted() {
    let claims = Claims {
        counter: 12,
        lifetime: Some(lifetime()),
    };
    assert_eq!(verify(&token(&press()).sign(&device_key())), Ok(claims));
    assert_eq!(verify(&handmade(HEADER, BODY)), Ok(claims));
}

#[test]
fn our_tokens_and_those_of_another_library_are_the_same_bytes() {
    assert_eq!(token(&press()).sign(&device_key()), BY_PYJWT);
}

#[test]
fn an_edited_character_anywhere_is_refused() {
    for at in 0..BY_PYJWT.len() {
        for other in *b"AQRgwz09-_.=" {
            let mut bad = BY_PYJWT.as_bytes().to_vec();
            if bad[at] != other {
                bad[at] = other;
                let bad = String::from_utf8(bad).unwrap();
                assert!(verify(&bad).is_err(), "{} at {at}", other as char);
            }
        }
    }
}

#[test]
fn a_token_cut_short_anywhere_or_with_anything_behind_it_is_refused() {
    for len in 0..BY_PYJWT.len() {
        assert!(verify(&BY_PYJWT[..len]).is_err(), "{len} characters");
    }
    for tail in ["=", ".", "A", "\n", " ", ".e30"] {
        assert_eq!(refusal(&format!("{BY_PYJWT}{tail}")), "token_malformed");
    }
    assert_eq!(refusal(&format!(" {BY_PYJWT}")), "token_malformed");
}

#[test]
fn the_header_may_be_in_any_order_and_nothing_else() {
    assert!(verify(&handmade(r#"{"typ":"JWT","alg":"EdDSA"}"#, BODY)).is_ok());
    for (header, wanted) in [
        (r#"{"alg":"none","typ":"JWT"}"#, "token_algorithm"),
        (r#"{"alg":"HS256","typ":"JWT"}"#, "token_algorithm"),
        (r#"{"alg":"eddsa","typ":"JWT"}"#, "token_algorithm"),
        (r#"{"alg":"EdDSA","typ":"at+jwt"}"#, "token_algorithm"),
        (r#"{"alg":"EdDSA"}"#, "token_malformed"),
        (r#"{"typ":"JWT"}"#, "token_malformed"),
        (
            r#"{"alg":"EdDSA","typ":"JWT","kid":"1"}"#,
            "token_malformed",
        ),
        (
            r#"{"alg":"EdDSA","typ":"JWT","crit":["b64"]}"#,
            "token_malformed",
        ),
        (
            r#"{"alg":"none","alg":"EdDSA","typ":"JWT"}"#,
            "token_malformed",
        ),
        (r#"["EdDSA","JWT"]"#, "token_malformed"),
        ("", "token_malformed"),
    ] {
        assert_eq!(refusal(&handmade(header, BODY)), wanted, "{header}");
    }
}

#[test]
fn a_token_without_a_signature_is_refused() {
    let part = |text: &str| Base64UrlUnpadded::encode_string(text.as_bytes());
    let none = part(r#"{"alg":"none","typ":"JWT"}"#);
    assert_eq!(
        refusal(&format!("{none}.{}.", part(BODY))),
        "token_algorithm"
    );
    assert_eq!(
        refusal(&format!("{}.{}.", part(HEADER), part(BODY))),
        "token_malformed"
    );
    assert_eq!(
        refusal(&format!("{}.{}", part(HEADER), part(BODY))),
        "token_malformed"
    );
}

#[test]
fn a_token_signed_by_another_device_is_refused() {
    let other = SigningKey::from_bytes(&[6; 32]);
    assert_eq!(refusal(&token(&press()).sign(&other)), "token_signature");
}

#[test]
fn a_token_for_another_device_or_site_is_refused() {
    let other = DeviceId::parse("press-18").unwrap();
    assert_eq!(refusal(&token(&other).sign(&device_key())), "token_subject");
    let elsewhere = DeviceToken {
        site: "plant-5",
        ..token(&press())
    }
    .sign(&device_key());
    assert_eq!(refusal(&elsewhere), "token_audience");
    let list = BODY.replace(r#""plant-4""#, r#"["plant-4"]"#);
    assert_eq!(refusal(&handmade(HEADER, &list)), "token_malformed");
}

#[test]
fn a_lifetime_of_five_minutes_is_accepted_and_a_second_more_refused() {
    let living_s = |seconds: u64| {
        let issued_s = NOW_S - 5;
        DeviceToken {
            lifetime: Some(Lifetime {
                issued_s,
                expires_s: issued_s + seconds,
            }),
            ..token(&press())
        }
        .sign(&device_key())
    };
    assert!(verify(&living_s(300)).is_ok());
    assert_eq!(refusal(&living_s(301)), "token_lifetime");
    assert_eq!(refusal(&living_s(0)), "token_lifetime");
    let forever = BODY.replace("1790000300", &u64::MAX.to_string());
    assert_eq!(refusal(&handmade(HEADER, &forever)), "token_lifetime");
    let backwards = BODY.replace("1790000300", "1789999999");
    assert_eq!(refusal(&handmade(HEADER, &backwards)), "token_lifetime");
    let unbounded = BODY.replace(r#""iat":1790000000,"#, "");
    assert_eq!(refusal(&handmade(HEADER, &unbounded)), "token_malformed");
}

#[test]
fn a_token_is_void_from_its_expiry_on_but_for_the_skew() {
    let at = |now_s| {
        let device = press();
        let expect = Expect {
            now_s,
            ..expect(&device)
        };
        let verified = token::verify(BY_PYJWT, &device_key().verifying_key(), &expect);
        verified.err().map(|error| error.code())
    };
    assert_eq!(at(1_790_000_329), None);
    assert_eq!(at(1_790_000_330), Some("token_expired"));
    assert_eq!(at(1_789_999_970), None);
    assert_eq!(at(1_789_999_969), Some("token_early"));
    assert_eq!(at(0), Some("token_early"));
    assert_eq!(at(u64::MAX), Some("token_expired"));
}

#[test]
fn a_counter_must_be_above_the_last_one() {
    let after = |last_counter| {
        let device = press();
        let expect = Expect {
            last_counter,
            ..expect(&device)
        };
        token::verify(BY_PYJWT, &device_key().verifying_key(), &expect)
    };
    assert!(after(None).is_ok());
    assert!(after(Some(11)).is_ok());
    for last in [12, 13, u64::MAX] {
        assert_eq!(
            after(Some(last)),
            Err(TokenError::Counter { counter: 12, last })
        );
    }
}

#[test]
fn a_device_without_a_clock_relies_on_its_counter() {
    let timeless = |counter| {
        DeviceToken {
            lifetime: None,
            counter,
            ..token(&press())
        }
        .sign(&device_key())
    };
    assert_eq!(
        verify(&timeless(12)),
        Ok(Claims {
            counter: 12,
            lifetime: None
        })
    );
    assert_eq!(refusal(&timeless(11)), "token_counter");
    let issued = BODY.replace(r#""exp":1790000300,"#, "");
    assert_eq!(verify(&handmade(HEADER, &issued)).unwrap().lifetime, None);
}

#[test]
fn the_voucher_can_be_had_before_the_key_that_it_brings() {
    let voucher = [0xd2, 0x84, 0xff];
    let device = press();
    let text = DeviceToken {
        voucher: Some(&voucher),
        ..token(&device)
    }
    .sign(&device_key());
    let parsed = UnverifiedToken::parse(&text).unwrap();
    assert_eq!(parsed.voucher(), Some(voucher.as_slice()));
    let key = device_key().verifying_key();
    assert_eq!(parsed.verify(&key, &expect(&device)).unwrap().counter, 12);

    let padded = BODY.replace("12}", r#"12,"vch":"0oQ="}"#);
    assert_eq!(refusal(&handmade(HEADER, &padded)), "token_malformed");
}

#[test]
fn claims_that_are_missing_repeated_unknown_or_of_another_type_are_refused() {
    for (from, to) in [
        (r#""sub":"press-17","#, ""),
        (r#""aud":"plant-4","#, ""),
        (r#","ctr":12"#, ""),
        (r#""ctr":12"#, r#""ctr":12,"ctr":13"#),
        (r#""ctr":12"#, r#""ctr":12,"admin":true"#),
        (r#""ctr":12"#, r#""ctr":"12""#),
        (r#""ctr":12"#, r#""ctr":-12"#),
        (r#""ctr":12"#, r#""ctr":12.5"#),
        (r#""ctr":12"#, r#""ctr":18446744073709551616"#),
        (r#""ctr":12}"#, r#""ctr":12} {}"#),
    ] {
        let body = BODY.replace(from, to);
        assert_ne!(body, BODY);
        assert_eq!(
            refusal(&handmade(HEADER, &body)),
            "token_malformed",
            "{body}"
        );
    }
}

#[test]
fn claims_in_an_array_are_refused() {
    let array = r#"["press-17","plant-4",1790000000,1790000300,12,null]"#;
    assert_eq!(refusal(&handmade(HEADER, array)), "token_malformed");
}

#[test]
fn a_token_of_the_greatest_size_is_accepted_and_one_beyond_refused() {
    let spaced = |spaces: usize| handmade(HEADER, &format!("{BODY}{}", " ".repeat(spaces)));
    let spare = TOKEN_BYTES_MAX - BY_PYJWT.len();
    let longest = (0..=spare)
        .rev()
        .find(|n| spaced(*n).len() <= TOKEN_BYTES_MAX)
        .unwrap();
    assert!(spaced(longest).len() > TOKEN_BYTES_MAX - 2);
    assert!(verify(&spaced(longest)).is_ok());
    assert_eq!(refusal(&spaced(longest + 1)), "token_malformed");
}

#[test]
fn a_token_is_not_printed_by_accident() {
    let parsed = UnverifiedToken::parse(BY_PYJWT).unwrap();
    assert_eq!(format!("{parsed:?}"), "UnverifiedToken { .. }");
}
