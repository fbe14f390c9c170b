//! The program of the other slot on what a newer one left behind: it runs, and stays private.

use alcove::telemetry::registry::REGISTRY;
use rusqlite::Connection;
use serde_json::json;

use super::privacy::{CONSENT, answer, command, consent};
use super::server::{Launch, owner};

const JOURNAL: &str = "/api/v1/privacy/journal";

/// Answers "for me alone", stops the server and does to its database what a newer Alcove would have done.
fn left_by_a_newer(sql: &str) -> tempfile::TempDir {
    let state = tempfile::tempdir().expect("scratch folder");
    let (server, address) = Launch::new(state.path()).run();
    let mut client = owner(address);
    let stored = client.send("PUT", CONSENT, &answer("local", true));
    assert_eq!(stored.status, 200, "{}", stored.text());
    drop(server);
    let database = Connection::open(state.path().join("alcove.db")).expect("a database");
    database.execute_batch(sql).expect("changed");
    state
}

#[test]
fn after_a_rollback_the_older_program_runs_and_leaves_a_newer_journal_alone() {
    let check = |sql: &str, counts_after_deletion: bool| {
        let newer = "ALTER TABLE users ADD COLUMN newer INTEGER NOT NULL DEFAULT 1;
                     CREATE TABLE telemetry_more (a TEXT NOT NULL);
                     INSERT INTO telemetry_more VALUES ('of a newer one');
                     PRAGMA user_version = 99;";
        let version = REGISTRY.version;
        let head =
            format!("INSERT INTO telemetry_journal VALUES (1, 1, {version}, '2026-W01', 0, NULL);");
        let state = left_by_a_newer(&format!("{newer}{head}{sql}"));
        let (server, address) = Launch::new(state.path()).run();
        let mut client = owner(address);
        let now = consent(&mut client);
        assert_eq!(now["mode"], "local", "{sql}");
        assert_eq!(now["reasons"], json!(["journal_newer"]), "{sql}");
        let again = client.send("PUT", CONSENT, &answer("share", true));
        assert_eq!(again.status, 200, "{sql}: {}", again.text());
        assert_eq!(client.get(JOURNAL).json()["collecting"], false, "{sql}");
        let rows = || -> (i64, i64) {
            let database = Connection::open(state.path().join("alcove.db")).expect("a database");
            let sql = "SELECT user_version, (SELECT count(*) FROM telemetry_more) FROM pragma_user_version";
            database
                .query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?)))
                .expect("a row")
        };
        assert_eq!(rows(), (99, 1), "{sql}");
        let looked = command(state.path(), &["report", "--receipts"]);
        assert!(looked.status.success(), "{sql}: {looked:?}");
        assert_eq!(client.send("DELETE", JOURNAL, &json!({})).status, 204);
        assert_eq!(rows(), (99, 0), "{sql}: only the owner's delete empties it");
        let collecting = &client.get(JOURNAL).json()["collecting"];
        assert_eq!(*collecting, counts_after_deletion, "{sql}");
        assert!(!server.log().contains("panicked"), "{}", server.log());
    };
    check("UPDATE telemetry_journal SET layout = 2", true);
    check("UPDATE telemetry_journal SET registry = 99", true);
    check("DROP TABLE telemetry_counts", false);
}
