//! What the catalogue promises: all of the published rows, found by both keys, and no broken rule.

use super::*;

fn parse(text: &str) -> Result<Catalogue, CatalogueError> {
    Catalogue::parse(text, &Units::builtin().unwrap())
}

#[test]
fn all_44_rows_of_the_published_catalogue_are_there() {
    let catalogue = Catalogue::builtin().unwrap();
    let rows: std::collections::BTreeSet<i16> = catalogue.all().iter().map(|metric| metric.id.0 / 10).collect();
    assert_eq!(rows, (0..=44).collect(), "rows 1 to 44, and 0 for the device's own health");
    assert_eq!(catalogue.all().len(), 51);
}

#[test]
fn every_metric_is_found_by_its_id_and_by_its_name() {
    let catalogue = Catalogue::builtin().unwrap();
    for metric in catalogue.all() {
        assert_eq!(catalogue.by_id(metric.id), Some(metric));
        assert_eq!(catalogue.by_name(&metric.name), Some(metric));
    }
    for (id, name) in [(10, "heart_rate"), (340, "sleep_deep"), (341, "sleep_light"), (422, "acceleration_z")] {
        assert_eq!(catalogue.by_id(MetricId(id)).unwrap().name, name, "an id is for ever");
    }
    for id in [i16::MIN, -1, 0, 11, i16::MAX] {
        assert_eq!(catalogue.by_id(MetricId(id)), None);
    }
    assert_eq!(catalogue.by_name("Heart_rate"), None);
}

#[test]
fn a_catalogue_that_breaks_a_rule_is_refused_by_the_rule() {
    let row = "[[metric]]\nrow = 1\nid = 10\nname = \"a\"\ntitle = \"A\"\nkind = \"instant\"\n";
    let sound = format!("{row}unit = \"kg\"\nhard = [0, 2]\n");
    assert!(parse(&sound).is_ok());
    let in_grams = "units = { kg = { plausible = [0, 2] }, g = { plausible = [0, 2000] } }\n";
    assert!(parse(&format!("{sound}soft = [1, 1.5]\nsentinels = [2]\n{in_grams}")).is_ok());
    for (text, rule) in [
        (format!("{sound}{sound}"), "an id of its own"),
        (format!("{sound}{}", sound.replace("id = 10", "id = 11")), "a name of its own"),
        (sound.replace("id = 10", "id = 20"), "its row's number"),
        (sound.replace("\"a\"", "\"A b\""), "small letters"),
        (sound.replace("\"kg\"", "\"stone\""), "a unit that is a heading"),
        (sound.replace("[0, 2]", "[2, 0]"), "the lowest first"),
        (sound.replace("[0, 2]", "[0, nan]"), "the lowest first"),
        (format!("{sound}soft = [1, 3]\n"), "inside the hard one"),
        (format!("{sound}sentinels = [1]\n"), "no likely measurement gives"),
        (format!("{sound}soft = [1, 1.5]\nsentinels = [1.2]\n"), "no likely measurement gives"),
        (format!("{sound}units = {{ g = {{ plausible = [0, 2000] }} }}\n"), "its own unit beside those of others"),
        (format!("{sound}units = {{ kg = {{ plausible = [0, 2] }}, mg = {{ plausible = [1, 2] }} }}\n"), "unit table"),
        (format!("{sound}units = {{ kg = {{ plausible = [0, 1] }} }}\n"), "around its soft one in every unit"),
        (
            format!("{sound}units = {{ kg = {{ plausible = [0, 2] }}, g = {{ plausible = [9, 2000] }} }}\n"),
            "every unit",
        ),
        (format!("{sound}units = {{ kg = {{ plausible = [0, 2], hard = [2, 1] }} }}\n"), "the lowest first"),
        (format!("{sound}sensor = [1, 3]\n"), "a sensor's range inside"),
        (format!("{sound}consecutive = true\n"), "ms as its unit"),
        (format!("{sound}codes = [\"x\"]\n"), "not both"),
        (format!("{row}codes = [\"x\", \"y\", \"x\"]\n"), "codes that differ"),
    ] {
        let error = parse(&text).unwrap_err().to_string();
        assert!(error.contains(rule), "{error} should say {rule}");
    }
    assert!(matches!(parse(&format!("{sound}softer = [0, 1]\n")), Err(CatalogueError::Text(_))));
}
