//! P1: every answer stands for at least 2% of the files, or can be given by 2% of them.

use crate::build::bars::{self, LEAST_SHARE};
use crate::house::{LENS, MARGINALS};

#[test]
fn every_answer_stands_for_two_percent_of_the_files() {
    for catalogue in &MARGINALS.catalogue {
        let shares =
            bars::file_shares(&MARGINALS, &LENS, catalogue).expect("a class for everything");
        println!("P1 {} ({} files):", catalogue.name, catalogue.files);
        for view in &LENS.views {
            let own = shares.iter().filter(|share| share.metric == view.name);
            let least = own
                .min_by(|a, b| a.share.total_cmp(&b.share))
                .expect("has answers");
            println!(
                "  {:22} {:2} answers, rarest {:40} {:6.2}% of the files, {:.2} bits",
                view.name,
                view.cells.len(),
                least.cell,
                least.share * 100.0,
                least.bits(),
            );
            assert!(
                least.share >= LEAST_SHARE && least.bits() <= 5.65,
                "{least:?}"
            );
        }
    }
}

#[test]
fn every_class_of_a_box_fact_holds_two_percent_of_the_fleet() {
    let shares = bars::box_shares(&MARGINALS, &LENS).expect("a class for everything");
    for share in &shares {
        println!(
            "P4 {:16} {:16} {:5.1}% of the fleet",
            share.metric,
            share.cell,
            share.share * 100.0
        );
        assert!(share.share >= LEAST_SHARE, "{share:?}");
    }
    assert!(shares.len() > 20, "the facts are there");
}
