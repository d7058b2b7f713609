//! A full disk, a pulled plug or a missing directory must not cost the model that was there.

mod persist_toy;

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use foldin::data::{IdMap, Ids};
use foldin::persist::{
    LoadFault, SaveError, SaveFault, inspect, load, load_model, save, save_model, write_to,
};
use persist_toy::{Toy, ToyIds, small_ids};

/// Takes so many bytes and then fails, in one of the ways writers fail.
struct Full {
    room: usize,
    fails: fn() -> io::Result<usize>,
}

impl Write for Full {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.room == 0 {
            return (self.fails)();
        }
        let n = bytes.len().min(self.room);
        self.room -= n;
        Ok(n)
    }

    /// With no room left, what a buffer below still held does not fit.
    fn flush(&mut self) -> io::Result<()> {
        if self.room == 0 { Err(io::ErrorKind::StorageFull.into()) } else { Ok(()) }
    }
}

fn io_fault(result: Result<(), SaveError>) -> (&'static str, io::ErrorKind) {
    match result.unwrap_err().into_fault() {
        SaveFault::Io { doing, source } => (doing, source.kind()),
        fault => panic!("{fault}"),
    }
}

#[test]
fn a_writer_that_fails_after_any_number_of_bytes() {
    let (toy, ids) = (Toy::small(), small_ids());
    let mut bytes = Vec::new();
    write_to(&mut bytes, &toy, &ids).unwrap();
    for room in 0..=bytes.len() {
        let fails = || Err(io::ErrorKind::StorageFull.into());
        assert_eq!(
            io_fault(write_to(Full { room, fails }, &toy, &ids)),
            ("write", io::ErrorKind::StorageFull)
        );
    }
    for room in 0..bytes.len() {
        let full = Full { room, fails: || Ok(0) };
        assert_eq!(io_fault(write_to(full, &toy, &ids)), ("write", io::ErrorKind::WriteZero));
    }
    let fails = || Err(io::ErrorKind::StorageFull.into());
    write_to(Full { room: bytes.len() + 1, fails }, &toy, &ids).unwrap();
}

#[cfg(target_os = "linux")]
#[test]
fn a_device_that_is_full() {
    let device = fs::File::options().write(true).open("/dev/full").unwrap();
    assert_eq!(
        io_fault(write_to(device, &Toy::small(), &small_ids())),
        ("write", io::ErrorKind::StorageFull)
    );
}

fn names(directory: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn a_directory_that_is_not_there() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("none").join("model");
    let error = save_model(&path, &Toy::small()).unwrap_err();
    assert_eq!(error.path(), Some(&*path));
    assert!(error.to_string().contains("none") && error.to_string().contains("directory"), "{error}");
    assert_eq!(io_fault(Err(error)), ("create a file", io::ErrorKind::NotFound));
    let error = load_model::<Toy>(&path).unwrap_err();
    assert_eq!(error.path(), Some(&*path));
    assert!(matches!(error.fault(), LoadFault::Io { doing: "open it", .. }));
}

#[cfg(unix)]
#[test]
fn a_directory_that_is_read_only() {
    use std::os::unix::fs::PermissionsExt;
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("model");
    save_model(&path, &Toy::small()).unwrap();
    fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o555)).unwrap();
    if fs::write(directory.path().join("probe"), "").is_ok() {
        eprintln!("skipped: this user may write into read-only directories");
    } else {
        let error = save_model(&path, &Toy::empty());
        assert_eq!(io_fault(error), ("create a file", io::ErrorKind::PermissionDenied));
        assert_eq!(load_model::<Toy>(&path).unwrap(), Toy::small());
    }
    fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o755)).unwrap();
}

/// Nobody, not even root, makes files here.
#[cfg(target_os = "linux")]
#[test]
fn a_directory_that_takes_no_files() {
    assert_eq!(io_fault(save_model("/proc/model.foldin", &Toy::small())).0, "create a file");
}

#[test]
fn what_is_not_a_file_is_not_replaced() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("model");
    fs::create_dir(&path).unwrap();
    assert_eq!(io_fault(save_model(&path, &Toy::small())), ("replace it", io::ErrorKind::InvalidInput));
    assert!(path.is_dir());
    assert_eq!(names(directory.path()), ["model"]);
    for nowhere in ["", "/", "."] {
        assert!(save_model(nowhere, &Toy::small()).is_err(), "{nowhere}");
    }
    assert!(load_model::<Toy>(&path).is_err());
}

#[test]
fn a_model_that_cannot_be_saved_leaves_the_old_one() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("model");
    save(&path, &Toy::small(), &small_ids()).unwrap();
    let mut bad = Toy::small();
    bad.factors[3] = f32::NAN;
    let error = save(&path, &bad, &small_ids()).unwrap_err();
    assert!(
        matches!(error.fault(), SaveFault::Value { section, at: 3, .. } if section == "factors"),
        "{error}"
    );
    let error = save(&path, &Toy::small(), &ToyIds::default()).unwrap_err();
    assert!(matches!(error.fault(), SaveFault::Ids { whose: "user", found: 0, expected: 2 }), "{error}");
    assert_eq!(error.path(), Some(&*path));
    let users = small_ids().users;
    let error = save(&path, &Toy::small(), &Ids::<String, u64> { users, items: IdMap::new() }).unwrap_err();
    assert!(matches!(error.fault(), SaveFault::Ids { whose: "item", found: 0, expected: 3 }), "{error}");
    assert_eq!(load::<Toy, String, u64>(&path).unwrap().model, Toy::small());
    assert_eq!(names(directory.path()), ["model"]);
}

#[cfg(unix)]
#[test]
fn links_are_followed_and_permissions_kept() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str| directory.path().join(name);
    save_model(at("model"), &Toy::small()).unwrap();
    fs::set_permissions(at("model"), fs::Permissions::from_mode(0o640)).unwrap();
    symlink("model", at("link")).unwrap();
    save_model(at("link"), &Toy::empty()).unwrap();
    assert!(fs::symlink_metadata(at("link")).unwrap().is_symlink());
    assert_eq!(load_model::<Toy>(at("model")).unwrap(), Toy::empty());
    assert_eq!(fs::metadata(at("model")).unwrap().permissions().mode() & 0o777, 0o640);
    symlink("nothing", at("dangling")).unwrap();
    assert_eq!(io_fault(save_model(at("dangling"), &Toy::empty())).0, "follow the link");
    assert_eq!(names(directory.path()), ["dangling", "link", "model"]);
}

#[test]
fn readers_beside_writers_see_one_model_or_the_other() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("model");
    let models = [Toy::small(), Toy::empty()];
    save_model(&path, &models[0]).unwrap();
    std::thread::scope(|scope| {
        for model in &models {
            scope.spawn(|| (0..50).for_each(|_| save_model(&path, model).unwrap()));
        }
        scope.spawn(|| {
            for _ in 0..200 {
                assert!(models.contains(&load_model::<Toy>(&path).unwrap()));
                assert_eq!(inspect(&path).unwrap().kind, "toy");
            }
        });
    });
    assert_eq!(names(directory.path()), ["model"]);
}
