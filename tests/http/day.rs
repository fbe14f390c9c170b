//! P8: a scripted day of real playbacks, and every byte that is kept or would be sent of it, held against the registry.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::{Duration, Instant};

use alcove::base::week::Week;
use alcove::consent::BLOCK_BYTES;
use rusqlite::types::ValueRef;
use serde_json::{Value, json};

use super::house::House;
use super::house::client::Client;
use super::media;

const LIMIT: Duration = Duration::from_secs(60);
/// Words of the library and of the household, none of which may be found.
const SECRETS: [&str; 8] = [
    "Untouched",
    "Copied",
    "Encoded",
    "Somebody",
    "Tone",
    "Picture",
    "owner",
    "127.0.0.1",
];

fn house(folder: &Path) -> House {
    for (path, recipe) in [
        (
            "films/Untouched (2020)/Untouched (2020).mp4",
            "h264_aac.mp4",
        ),
        ("films/Copied (2020)/Copied (2020).mkv", "subtitles.mkv"),
        ("films/Encoded (2020)/Encoded (2020).mkv", "hevc_aac.mkv"),
        ("music/Somebody/Something/01 Tone.mp3", "tone.mp3"),
        ("photos/Picture.jpg", "photo_exif.jpg"),
    ] {
        media::copy(recipe, &folder.join(path));
    }
    let house = House::over(folder);
    house.wait_for_scan(&mut house.owner(), LIMIT);
    house
}

fn answer(client: &mut Client, mode: &str) {
    let on = json!({"playback_statistics": true, "crash_reports": true, "release_news": true});
    let words = json!({"mode": mode, "switches": on});
    let answer = client.send("PUT", "/api/v1/privacy/consent", &words);
    assert_eq!(answer.status, 200, "{}", answer.text());
}

fn count(client: &mut Client, metric: &str) -> Vec<u64> {
    let journal = client.get("/api/v1/privacy/journal").json();
    let counts = journal["counts"].as_array().expect("counts");
    let own = counts.iter().find(|one| one["metric"] == metric);
    let own = own.expect("every metric")["day"]
        .as_array()
        .expect("counts");
    own.iter().map(|n| n.as_u64().expect("a count")).collect()
}

fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < LIMIT, "{what} took too long");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Shares, anew until chance draws this week for reports.
fn share(client: &mut Client) {
    for _ in 0..100 {
        answer(client, "local");
        answer(client, "share");
        let next = client.get("/api/v1/privacy/next-report").json();
        if next["sending"] == "no_collector" {
            wait_until("a look at the box", || {
                count(client, "board_family").iter().sum::<u64>() == 1
            });
            return;
        }
    }
    panic!("half of all weeks report");
}

fn item(client: &mut Client, kind: &str, title: &str) -> String {
    let found = client
        .get(&format!("/api/v1/items?kind={kind}&query={title}"))
        .json();
    let id = found["items"][0]["id"].as_str();
    id.unwrap_or_else(|| panic!("no {kind} {title}: {found}"))
        .to_owned()
}

/// Plays, as somebody who logs in for it and out again.
fn play(house: &House, kind: &str, title: &str, wish: &Value) {
    let mut client = house.owner();
    let id = item(&mut client, kind, title);
    if kind == "photo" {
        assert_eq!(client.get(&format!("/api/v1/items/{id}/photo")).status, 200);
    } else {
        let playback = client.post(&format!("/api/v1/items/{id}/playback"), wish);
        assert_eq!(playback.status, 200, "{}", playback.text());
        let url = playback.json()["url"]
            .as_str()
            .expect("an address")
            .to_owned();
        if let Some(base) = url.strip_suffix("main.m3u8") {
            let list = client.get(&format!("{base}v/0/index.m3u8")).text();
            for name in list.lines().filter(|line| line.ends_with(".m4s")) {
                assert_eq!(client.get(&format!("{base}v/0/{name}")).status, 200);
            }
        } else {
            assert_eq!(client.get(&url).status, 200);
        }
    }
    assert_eq!(client.post("/api/v1/logout", &json!({})).status, 204);
}

fn play_all(house: &House) {
    let browser = |container: &str, audio: &str| json!({"containers": [container], "video_codecs": ["h264"], "audio_codecs": [audio]});
    for (kind, title, wish) in [
        ("film", "Untouched", browser("mp4", "aac")),
        ("film", "Copied", browser("mp4", "aac")),
        ("film", "Encoded", browser("mp4", "aac")),
        ("track", "", browser("mp3", "mp3")),
        ("photo", "", Value::Null),
    ] {
        play(house, kind, title, &wish);
    }
}

/// Everything that the registry declares.
struct Declared {
    version: u64,
    metrics: BTreeSet<String>,
    answers: BTreeSet<String>,
    /// By table and column: what it holds, and the metric whose answers it holds alone.
    columns: BTreeMap<(String, String), (String, Option<String>)>,
}

impl Declared {
    fn of(registry: &Value) -> Self {
        let metrics = registry["metrics"].as_array().expect("metrics");
        let word = |value: &Value| value.as_str().expect("a word").to_owned();
        let classes = metrics
            .iter()
            .flat_map(|m| m["classes"].as_array().expect("classes"));
        let tables = registry["tables"].as_array().expect("tables");
        let columns = tables.iter().flat_map(|table| {
            let columns = table["columns"].as_array().expect("columns").iter();
            columns.map(|column| {
                let metric = column["metric"].as_str().map(str::to_owned);
                let place = (word(&table["name"]), word(&column["name"]));
                (place, (word(&column["holds"]), metric))
            })
        });
        Self {
            version: registry["version"].as_u64().expect("a version"),
            metrics: metrics.iter().map(|metric| word(&metric["name"])).collect(),
            answers: classes.map(|class| word(&class["key"])).collect(),
            columns: columns.collect(),
        }
    }

    fn allows(&self, table: &str, column: &str, cell: ValueRef<'_>) -> bool {
        let place = (table.to_owned(), column.to_owned());
        let Some((holds, metric)) = self.columns.get(&place) else {
            return false;
        };
        match (holds.as_str(), cell) {
            ("answer" | "weeks", ValueRef::Null) => true,
            ("mark", ValueRef::Integer(mark)) => (0..2).contains(&mark),
            ("day", ValueRef::Integer(day)) => (0..7).contains(&day),
            ("version", ValueRef::Integer(version)) => version == 1,
            ("count" | "order", ValueRef::Integer(count)) => (0..100).contains(&count),
            (holds, ValueRef::Text(text)) => {
                let text = std::str::from_utf8(text).expect("text");
                let prefix = metric.as_ref().map(|metric| format!("{metric}."));
                match holds {
                    "week" => text.parse::<Week>().is_ok(),
                    "metric" => self.metrics.contains(text),
                    "weeks" => is_weeks(text),
                    "answer" => {
                        self.answers.contains(text)
                            && prefix.is_none_or(|prefix| text.starts_with(&prefix))
                    }
                    _ => false,
                }
            }
            _ => false,
        }
    }
}

/// A year and the bits of its weeks, and nothing else.
fn is_weeks(text: &str) -> bool {
    let value: Value = serde_json::from_str(text).expect("JSON");
    let names: Vec<&String> = value.as_object().expect("an object").keys().collect();
    let weeks = value["weeks"].as_u64().expect("bits");
    names == ["weeks", "year"] && value["year"].as_u64() < Some(10_000) && weeks >> 54 == 0
}

/// Reads every cell of every table of telemetry; answers how many there are, and which of them are not declared.
fn read_tables(db: &rusqlite::Connection, declared: &Declared) -> (usize, Vec<String>) {
    let names = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name GLOB 'telemetry_*'";
    let mut statement = db.prepare(names).expect("a question");
    let tables = statement
        .query_map([], |row| row.get::<_, String>(0))
        .expect("tables");
    let (mut cells, mut found) = (0, Vec::new());
    for table in tables.map(|table| table.expect("a table")) {
        let mut statement = db
            .prepare(&format!("SELECT * FROM {table}"))
            .expect("a table");
        let columns: Vec<String> = statement
            .column_names()
            .iter()
            .map(|&c| c.to_owned())
            .collect();
        let mut rows = statement.query([]).expect("rows");
        while let Some(row) = rows.next().expect("a row") {
            for (at, column) in columns.iter().enumerate() {
                let cell = row.get_ref(at).expect("a cell");
                if !declared.allows(&table, column, cell) {
                    found.push(format!("{table}.{column}: {cell:?}"));
                }
                cells += 1;
            }
        }
    }
    (cells, found)
}

/// Every report says registry, week, metric and class, and nothing else.
fn read_reports(next: &Value, declared: &Declared) -> usize {
    let reports = next["reports"].as_array().expect("reports");
    assert_eq!(reports.len(), 5, "{next}");
    for report in reports {
        let bytes = report["bytes"].as_str().expect("text");
        assert_eq!(report["length_bytes"], bytes.len());
        let value: Value = serde_json::from_str(bytes).expect("JSON");
        let object = value.as_object().expect("an object");
        let names: Vec<&str> = object.keys().map(String::as_str).collect();
        assert_eq!(names, ["class", "metric", "registry", "week"], "{bytes}");
        assert_eq!(value["registry"], declared.version);
        assert_eq!(
            (&value["week"], &value["metric"]),
            (&next["week"], &report["metric"])
        );
        let metric = value["metric"].as_str().expect("a name");
        let class = value["class"].as_u64().expect("an index");
        let prefix = format!("{metric}.");
        let classes = declared
            .answers
            .iter()
            .filter(|key| key.starts_with(&prefix))
            .count();
        assert!(class < classes as u64, "{bytes}");
    }
    reports.len()
}

/// The flash holds records alone, each far smaller than its block.
fn read_flash(state: &Path) -> usize {
    let flash = std::fs::read(state.join("consent.flash")).expect("the flash");
    let used = flash
        .chunks(BLOCK_BYTES)
        .filter(|block| block.iter().any(|byte| *byte != 0));
    let mut records = 0;
    for block in used {
        assert!(block.starts_with(b"ALCONSNT"));
        assert!(block[128..BLOCK_BYTES - 4].iter().all(|byte| *byte == 0));
        records += 1;
    }
    records
}

#[test]
fn a_day_of_playing_leaves_nothing_that_is_not_in_the_registry() {
    let folder = tempfile::tempdir().expect("scratch folder");
    let mut house = house(folder.path());
    let mut client = house.owner();
    play(&house, "photo", "", &Value::Null);
    assert_eq!(
        count(&mut client, "media_kind"),
        [0; 4],
        "nobody has said yes"
    );
    share(&mut client);
    play_all(&house);
    // nothing, video, audio, photo
    wait_until("counting", || {
        count(&mut client, "media_kind").iter().sum::<u64>() == 5
    });
    assert_eq!(count(&mut client, "media_kind"), [0, 3, 1, 1]);
    // No metric may be left out by accident: a direct play, a repacked film and an encoded one.
    let outcomes = count(&mut client, "outcome");
    assert_eq!(
        (outcomes[1], outcomes[2], outcomes[6]),
        (3, 1, 0),
        "{outcomes:?}"
    );
    let factors = count(&mut client, "real_time_factor");
    assert_eq!(factors[1..6].iter().sum::<u64>(), 1, "{factors:?}");
    let declared = Declared::of(&client.get("/api/v1/privacy/registry").json());
    let next = client.get("/api/v1/privacy/next-report").json();
    let reports = read_reports(&next, &declared);
    house.stop();
    let db = rusqlite::Connection::open(house.state.join("alcove.db")).expect("the database");
    let (cells, mut found) = read_tables(&db, &declared);
    assert_eq!(found, Vec::<String>::new());
    let records = read_flash(&house.state);
    assert!(cells > 100, "{cells}");
    let flash = std::fs::read(house.state.join("consent.flash")).expect("the flash");
    for secret in SECRETS {
        let bytes = secret.as_bytes();
        assert!(
            !flash.windows(bytes.len()).any(|at| at == bytes),
            "{secret}"
        );
        assert!(!next.to_string().contains(secret), "{secret}");
    }
    for undeclared in [
        "INSERT INTO telemetry_counts VALUES ('Untouched (2020)', 1, 1)",
        "UPDATE telemetry_performance SET count = 5400",
        "UPDATE telemetry_performance SET backend = 'video_codec.hevc'",
        "ALTER TABLE telemetry_counts ADD COLUMN week TEXT DEFAULT '2026-W47'",
        "UPDATE telemetry_answers SET week = '2026-11-22'",
        "UPDATE telemetry_journal SET report_weeks = '{\"year\":2026,\"weeks\":1,\"device\":7}'",
        "CREATE TABLE telemetry_titles AS SELECT 'video_codec.hevc' AS title, x'00' AS hash",
    ] {
        db.execute_batch(undeclared).expect("a change");
        let (_, now) = read_tables(&db, &declared);
        assert!(now.len() > found.len(), "{undeclared} is not noticed");
        found = now;
    }
    println!(
        "P8: {cells} cells of tables, {reports} reports and {records} blocks of flash after a day of 5 playbacks: nothing that is not in the registry"
    );
}

#[test]
fn a_no_in_the_middle_of_a_day_leaves_nothing_before_it_is_acknowledged() {
    let folder = tempfile::tempdir().expect("scratch folder");
    let house = house(folder.path());
    let mut client = house.owner();
    share(&mut client);
    play(&house, "photo", "", &Value::Null);
    wait_until("counting", || count(&mut client, "media_kind")[3] == 1);
    // A change that is not a no writes what was counted.
    answer(&mut client, "local");
    let db = || {
        let files = ["alcove.db", "alcove.db-wal"].map(|name| house.state.join(name));
        let bytes = files
            .map(|file| std::fs::read(file).unwrap_or_default())
            .concat();
        String::from_utf8_lossy(&bytes).into_owned()
    };
    assert!(db().contains("media_kind.photo"));
    answer(&mut client, "off");
    let left = db();
    for word in ["media_kind.", "video_codec.", "client.", "outcome.", "-W4"] {
        assert!(
            !left.contains(word),
            "{word} is left in the database's files"
        );
    }
    play(&house, "photo", "", &Value::Null);
    assert_eq!(count(&mut client, "media_kind"), [0; 4]);
}
