//! Guards what the crate is built of: a licence nobody has agreed to, and source from anywhere but a registry. The list of
//! licences is that of `deny.toml`, which `cargo deny` holds too, with more; this needs nothing but cargo.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The licences of `deny.toml`.
fn allowed() -> BTreeSet<String> {
    let text = std::fs::read_to_string(root().join("deny.toml")).unwrap();
    let list = text.lines().find_map(|line| line.strip_prefix("allow = ")).expect("a list on one line");
    list.split('"').skip(1).step_by(2).map(str::to_owned).collect()
}

/// What `rustc` builds for here.
fn host() -> String {
    let rustc = std::env::var("RUSTC").unwrap_or_else(|_| "rustc".to_owned());
    let about = Command::new(rustc).arg("-vV").output().unwrap().stdout;
    let about = String::from_utf8(about).unwrap();
    about.lines().find_map(|line| line.strip_prefix("host: ")).unwrap().to_owned()
}

/// Every package that is built, with all features, tests and benches, on this platform.
fn packages() -> Vec<Value> {
    let ask = ["metadata", "--format-version", "1", "--all-features", "--filter-platform", &host()];
    let answer = Command::new(env!("CARGO")).args(ask).current_dir(root()).output().unwrap();
    assert!(answer.status.success(), "{}", String::from_utf8_lossy(&answer.stderr));
    let mut answer: Value = serde_json::from_slice(&answer.stdout).unwrap();
    let nodes = answer["resolve"]["nodes"].as_array().unwrap();
    let built: BTreeSet<String> = nodes.iter().map(|node| node["id"].as_str().unwrap().to_owned()).collect();
    let Value::Array(mut packages) = answer["packages"].take() else { panic!("no packages") };
    packages.retain(|package| built.contains(package["id"].as_str().unwrap()));
    packages
}

/// Whether a licence expression of SPDX can be met with these: OR binds less than AND, and `/` is an old way to write OR.
fn is_met(expression: &str, allowed: &BTreeSet<String>) -> bool {
    let spaced = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let mut words = spaced.split_whitespace().peekable();
    let met = either(&mut words, allowed);
    met && words.next().is_none()
}

type Words<'a> = std::iter::Peekable<std::str::SplitWhitespace<'a>>;

fn either(words: &mut Words<'_>, allowed: &BTreeSet<String>) -> bool {
    let mut met = both(words, allowed);
    while words.next_if_eq(&"OR").is_some() {
        met |= both(words, allowed);
    }
    met
}

fn both(words: &mut Words<'_>, allowed: &BTreeSet<String>) -> bool {
    let mut met = one(words, allowed);
    while words.next_if_eq(&"AND").is_some() {
        met &= one(words, allowed);
    }
    met
}

fn one(words: &mut Words<'_>, allowed: &BTreeSet<String>) -> bool {
    if words.next_if_eq(&"(").is_some() {
        let met = either(words, allowed);
        return words.next() == Some(")") && met;
    }
    let name = words.next().unwrap_or_default();
    match words.next_if_eq(&"WITH") {
        None => allowed.contains(name),
        Some(_) => {
            let exception = words.next().unwrap_or_default();
            allowed.contains(&format!("{name} WITH {exception}"))
        }
    }
}

#[test]
fn expressions_are_read_as_they_are_meant() {
    let allowed = ["MIT", "Zlib"].map(str::to_owned).into();
    for met in
        ["MIT", "GPL-2.0 OR MIT", "Unlicense/MIT", "(MIT OR X) AND Zlib", "X AND Y OR MIT", "X WITH Y OR MIT"]
    {
        assert!(is_met(met, &allowed), "{met}");
    }
    for unmet in
        ["", "mit", "GPL-2.0", "MIT AND X", "MIT WITH Y", "(MIT", "MIT)", "MIT X", "X AND (MIT OR Zlib)"]
    {
        assert!(!is_met(unmet, &allowed), "{unmet}");
    }
}

#[test]
fn every_package_has_a_licence_that_was_agreed_to_and_comes_from_a_registry() {
    let (packages, allowed) = (packages(), allowed());
    assert!(packages.len() > 20 && allowed.len() > 1);
    for package in packages {
        let (name, licence) = (&package["name"], package["license"].as_str().unwrap_or_default());
        assert!(
            is_met(licence, &allowed),
            "{name} has the licence `{licence}`: look at it, then at deny.toml"
        );
        let source = package["source"].as_str();
        assert!(source.is_none_or(|source| source.starts_with("registry+")), "{name} comes from {source:?}");
        assert!(source.is_some() || name == "foldin", "{name} comes from a folder");
    }
}
