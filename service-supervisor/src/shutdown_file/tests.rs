use super::*;

struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("doze-shutdown-{name}-{}", std::process::id()));
        fs::create_dir_all(&path).expect("folder");
        Folder(path)
    }

    fn armed(&self) -> ShutdownFile {
        let mut file = ShutdownFile::prepare(&self.0.join("shutdown"), Moment::START);
        assert!(!file.arm(Moment::millis(20)), "nothing is there yet");
        assert_eq!(file.deadline(), None);
        file
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

const NOW: Moment = Moment::millis(1000);

#[test]
fn a_file_from_before_the_start_is_removed_and_is_no_order() {
    let folder = Folder::new("stale");
    fs::write(folder.0.join("shutdown"), "").expect("write");
    folder.armed();
    assert!(!folder.0.join("shutdown").exists());
}

#[test]
fn a_file_that_came_before_the_arming_is_seen() {
    let folder = Folder::new("early");
    let mut file = ShutdownFile::prepare(&folder.0.join("shutdown"), Moment::START);
    fs::write(folder.0.join("shutdown"), "").expect("write");
    assert!(!file.arm(Moment::millis(19)), "not armed yet");
    assert!(file.arm(Moment::millis(20)));
}

#[test]
fn created_renamed_linked_and_made_as_a_folder_are_all_seen_and_removed() {
    let folder = Folder::new("kinds");
    let (path, other) = (folder.0.join("shutdown"), folder.0.join("other"));
    let ways: [&dyn Fn() -> io::Result<()>; 4] = [
        &|| fs::write(&path, ""),
        &|| fs::write(&other, "").and_then(|()| fs::rename(&other, &path)),
        &|| std::os::unix::fs::symlink("/nowhere", &path),
        &|| fs::create_dir(&path),
    ];
    let mut file = folder.armed();
    for (number, way) in ways.iter().enumerate() {
        assert!(!file.told(NOW), "before way {number}");
        way().expect("made");
        assert!(file.told(NOW), "way {number} was not seen");
        file.remove();
        assert!(fs::symlink_metadata(&path).is_err(), "way {number} was not removed");
    }
}

#[test]
fn other_files_in_a_busy_folder_are_nothing() {
    let folder = Folder::new("busy");
    let mut file = folder.armed();
    for number in 0..100 {
        fs::write(folder.0.join(format!("{number}")), "x").expect("write");
    }
    assert!(!file.told(NOW));
}

#[test]
fn a_folder_that_is_missing_or_replaced_is_watched_once_it_is_there() {
    let folder = Folder::new("replaced");
    let inner = folder.0.join("inner");
    let mut file = ShutdownFile::prepare(&inner.join("shutdown"), Moment::START);
    assert!(!file.arm(Moment::millis(20)));
    assert_eq!(file.deadline(), Some(Moment::millis(520)), "it tries again");
    fs::create_dir(&inner).expect("folder");
    assert!(!file.arm(Moment::millis(520)));
    assert_eq!(file.deadline(), None);
    fs::rename(&inner, folder.0.join("away")).expect("moved");
    fs::create_dir(&inner).expect("folder");
    fs::write(inner.join("shutdown"), "").expect("write");
    assert!(file.told(NOW), "the new folder's file");
}
