//! Tokens, roles and rules.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::*;

const ROLES: [Role; 4] = Role::ALL;

fn known(name: &str, roles: Roles) -> Caller {
    Caller::Known(Arc::new(Principal { name: name.to_owned(), roles }))
}

fn access(tokens: &[(&str, &str)]) -> Access {
    let setting = |(name, token): &(&str, &str)| {
        ((*name).to_owned(), format!("read {}", TokenHash::of(token)))
    };
    let tokens = tokens.iter().map(setting).collect::<BTreeMap<_, _>>();
    Access::new(&AccessSettings { tokens: Tokens::try_from(tokens).unwrap() })
}

#[test]
fn a_role_includes_what_is_below_it_and_sync_stands_alone() {
    let covered = ROLES.map(|role| ROLES.map(|needed| role.covers(needed)));
    let expected = [
        // read, write, sync, admin
        [true, false, false, false],
        [true, true, false, false],
        [false, false, true, false],
        [true, true, false, true],
    ];
    assert_eq!(covered, expected);
}

#[test]
fn a_caller_may_what_any_of_the_roles_covers() {
    let both = known("both", "read, sync".parse().unwrap());
    assert!(both.may(Rule::READ) && both.may(Rule::SYNC) && both.may(Rule::SYNC_OR_ADMIN));
    assert_eq!(both.check(Rule::WRITE), Err(Denied::Lacks(Rule::WRITE)));
    assert_eq!(Caller::Nobody.check(Rule::READ), Err(Denied::Unknown));
    assert!(Caller::Nobody.may(Rule::Public) && Caller::Anybody.may(Rule::ADMIN));
}

#[test]
fn a_token_is_known_by_its_hash() {
    let access = access(&[("shop", "one"), ("worker", "two")]);
    let name = |token| access.caller(token).map(|caller| caller.name().map(str::to_owned));
    assert_eq!(name(Some("one")), Ok(Some("shop".to_owned())));
    assert_eq!(name(Some("two")), Ok(Some("worker".to_owned())));
    assert_eq!(name(None), Ok(None));
    for unknown in ["", "three", "One", "one "] {
        assert_eq!(access.caller(Some(unknown)), Err(UnknownToken), "{unknown}");
    }
}

#[test]
fn without_tokens_only_this_machine_is_served() {
    let everywhere = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
    let here = [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)];
    let (open, closed) = (access(&[]), access(&[("shop", "one")]));
    assert!(here.iter().all(|host| open.check_host(*host).is_ok()));
    let refused = open.check_host(everywhere).unwrap_err().to_string();
    assert!(refused.contains("0.0.0.0") && refused.contains("token new"), "{refused}");
    assert!(open.check_host("192.0.2.1".parse().unwrap()).is_err());
    assert!(closed.check_host(everywhere).is_ok());
    assert_eq!(open.caller(Some("anything")), Ok(Caller::Anybody));
}

#[test]
fn a_hash_is_read_as_it_is_written() {
    // echo -n test | sha256sum
    let written = "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
    assert_eq!(TokenHash::of("test").to_string(), written);
    assert!(written.parse::<TokenHash>().unwrap().is(&TokenHash::of("test")));
    for wrong in ["", "sha256:", &written[7..], &written[..70], &written.replace('9', "g")] {
        assert!(wrong.parse::<TokenHash>().is_err(), "{wrong}");
    }
    assert!(format!("{written}00").parse::<TokenHash>().is_err());
}

#[test]
fn a_new_token_is_long_fits_a_header_and_does_not_show_itself() {
    let [one, other] = [Token::random().unwrap(), Token::random().unwrap()];
    assert_ne!(one.expose(), other.expose());
    assert_eq!(one.expose().len(), "lockstep_".len() + 43);
    assert!(Token::try_from(one.expose().to_owned()).is_ok());
    assert!(!format!("{one:?}").contains(one.expose()));
    assert!(Token::try_from("two words".to_owned()).is_err());
    assert!(Token::try_from(String::new()).is_err());
}
