//! How times, ages, names and numbers are shown: in the viewer's zone, with units, in words that people use.

use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::words::WORDS;
use crate::model::people::{BirthDate, Role, Sex};
use crate::model::time::{DAY_US, Day, MINUTE_US, Timestamp};

/// `29 Nov 2026, 14:05`.
pub(super) fn moment(at: Timestamp, zone: &TimeZone) -> String {
    formatted(at, zone, "%-d %b %Y, %H:%M")
}

/// `29 Nov 2026`.
pub(super) fn day_of(at: Timestamp, zone: &TimeZone) -> String {
    formatted(at, zone, "%-d %b %Y")
}

/// By a format of `strftime`.
pub(super) fn formatted(at: Timestamp, zone: &TimeZone, format: &str) -> String {
    let at = jiff::Timestamp::from_microsecond(at.micros()).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    at.to_zoned_datetime(zone.clone()).strftime(format).to_string()
}

/// `29 Nov 2026`, of a date that no zone moves.
pub(super) fn day(day: Day) -> String {
    day_of(day.start(), &TimeZone::UTC)
}

/// `Nov 2026`, by its first day.
pub(super) fn month(first: Day) -> String {
    formatted(first.start(), &TimeZone::UTC, "%b %Y")
}

/// How long ago: `just now`, `14 min ago`, `3 h ago`, `5 days ago`.
pub(super) fn ago(at: Timestamp, now: Timestamp) -> String {
    let minutes = now.micros_since(at) / MINUTE_US;
    match minutes {
        ..1 => WORDS.just_now.to_owned(),
        1..60 => format!("{minutes} {}", WORDS.minutes_ago),
        60..2_880 => format!("{} {}", minutes / 60, WORDS.hours_ago),
        _ => format!("{} {}", minutes / 1_440, WORDS.days_ago),
    }
}

/// `17 May 1980`, `May 1980`, `1980`, as far as it is known.
pub(super) fn birth(born_on: Option<&BirthDate>) -> String {
    let Some(born_on) = born_on else { return WORDS.birth_unknown.to_owned() };
    let text = born_on.as_str();
    match (parts(text), text.len()) {
        (Some(date), 10) => date.strftime("%-d %b %Y").to_string(),
        (Some(date), 7) => date.strftime("%b %Y").to_string(),
        _ => text.to_owned(),
    }
}

/// Years since birth, months for who is younger than two; nothing where the birth is not known.
pub(super) fn age(born_on: Option<&BirthDate>, now: Timestamp, zone: &TimeZone) -> Option<String> {
    let is_exact = born_on?.as_str().len() == 10;
    let months = months_since(born_on?, now, zone)?;
    if months < 24 && is_exact {
        return Some(counted(months.into(), [WORDS.month_old, WORDS.months_old]));
    }
    let about = if is_exact { "" } else { WORDS.about };
    Some(format!("{about}{}", counted((months / 12).into(), [WORDS.year_old, WORDS.years_old])))
}

/// Whole months since birth, from the first day that it can have been.
fn months_since(born_on: &BirthDate, now: Timestamp, zone: &TimeZone) -> Option<i32> {
    let (born, today) = (parts(born_on.as_str())?, date_of(now, zone)?);
    let months = (i32::from(today.year()) - i32::from(born.year())) * 12 + i32::from(today.month())
        - i32::from(born.month())
        - i32::from(today.day() < born.day());
    Some(months.max(0))
}

/// Whether somebody is grown up: what is usual of children is other.
pub(super) fn is_adult(born_on: Option<&BirthDate>, now: Timestamp, zone: &TimeZone) -> bool {
    born_on.and_then(|born_on| months_since(born_on, now, zone)).is_some_and(|months| months >= 18 * 12)
}

/// Which day a moment is of in a zone.
pub(super) fn date_of(at: Timestamp, zone: &TimeZone) -> Option<Date> {
    Some(jiff::Timestamp::from_microsecond(at.micros()).ok()?.to_zoned_datetime(zone.clone()).date())
}

/// When a day begins in a zone; nothing where no calendar holds it.
pub(super) fn start_of(date: Date, zone: &TimeZone) -> Option<Timestamp> {
    let start = date.to_zoned_datetime(zone.clone()).ok()?;
    Timestamp::from_micros(start.timestamp().as_microsecond()).ok()
}

/// So many of something, by what one of it and several are called: `1 month`, `3 months`.
pub(super) fn counted(count: i64, [one, several]: [&str; 2]) -> String {
    format!("{count} {}", if count == 1 { one } else { several })
}

fn parts(text: &str) -> Option<Date> {
    let mut numbers = text.split('-').map(|part| part.parse::<i16>().ok());
    let year = numbers.next()??;
    let month = numbers.next().flatten().unwrap_or(1);
    let day = numbers.next().flatten().unwrap_or(1);
    Date::new(year, month.try_into().ok()?, day.try_into().ok()?).ok()
}

/// Family name first, as lists sort it: `Ruiz, Ana`.
pub(super) fn list_name(family: Option<&str>, given: &[String]) -> String {
    let given = given.join(" ");
    match family {
        Some(family) if given.is_empty() => family.to_owned(),
        Some(family) => format!("{family}, {given}"),
        None => given,
    }
}

/// Administrative gender.
pub(super) fn sex(sex: Sex) -> String {
    sentence(sex.as_str())
}

/// Who it is: a name as its person writes it, or a part, where an account is nobody's by name.
pub(super) fn who(name: &str) -> String {
    if Role::ALL.iter().any(|role| role.as_str() == name) { sentence(name) } else { name.to_owned() }
}

/// A word of the record as people write it: `entered_in_error` as `Entered in error`.
pub(super) fn sentence(word: &str) -> String {
    let mut letters = word.chars().map(|letter| if letter == '_' { ' ' } else { letter });
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// A unit of UCUM as people write it.
pub(super) fn unit(unit: &str) -> &str {
    match unit {
        "/min" => "per min",
        "Cel" | "cel" => "°C",
        "[degF]" => "°F",
        "mm[Hg]" => "mmHg",
        "kg/m2" => "kg/m²",
        "m/s2" => "m/s²",
        "ug" => "µg",
        "[iU]" => "IU",
        "[drp]" => "drop",
        "10*3/uL" => "10³/µL",
        "10*6/uL" => "10⁶/µL",
        unit => unit.trim_start_matches('{').trim_end_matches('}'),
    }
}

/// A unit that follows a quantity: `2 tablets`, `1 tablet`, `2 mg`.
pub(super) fn unit_of(quantity: f64, of: &str) -> String {
    let is_counted = of.starts_with('{') && of.ends_with('}') && !of.ends_with("s}") || of == "[drp]";
    let is_one = quantity <= 1.0;
    format!("{}{}", unit(of), if is_counted && !is_one { "s" } else { "" })
}

/// A number as it is stored: no digit of a dose, a strength, a result or a range is rounded away.
pub(super) fn exact(value: f64) -> String {
    grouped(&value.to_string())
}

/// A mean or a count with as many digits as it has to say, thousands apart.
pub(super) fn number(value: f64) -> String {
    let digits = match value.abs() {
        100.0.. => 0,
        10.0.. => usize::from(value.fract().abs() > 0.05),
        _ => 2,
    };
    let text = format!("{value:.digits$}");
    let text = match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text,
    };
    grouped(&text)
}

/// Digits with thousands apart and a minus as it is printed.
fn grouped(text: &str) -> String {
    let (whole, fraction) = text.split_once('.').map_or((text, None), |(whole, rest)| (whole, Some(rest)));
    let (sign, whole) = whole.strip_prefix('-').map_or(("", whole), |whole| ("−", whole));
    let mut grouped = String::new();
    for (place, digit) in whole.chars().enumerate() {
        if place > 0 && (whole.len() - place).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    fraction.map_or(format!("{sign}{grouped}"), |fraction| format!("{sign}{grouped}.{fraction}"))
}

/// Whether what was measured then is no present value any more.
pub(super) fn is_stale(at: Timestamp, now: Timestamp) -> bool {
    now.micros_since(at) > 10 * MINUTE_US
}

/// Whether it is so old that its day is to be told.
pub(super) fn is_of_another_day(at: Timestamp, now: Timestamp) -> bool {
    now.micros_since(at) > DAY_US
}

#[cfg(test)]
mod tests {
    use super::*;

    fn born(text: &str) -> Option<BirthDate> {
        Some(text.parse().unwrap())
    }

    #[test]
    fn a_person_is_as_old_as_on_this_day_in_the_zone() {
        let now = Timestamp::parse_rfc3339("2026-05-17T03:00:00Z").unwrap();
        let chicago = TimeZone::get("America/Chicago").unwrap();
        assert_eq!(age(born("1980-05-17").as_ref(), now, &TimeZone::UTC).unwrap(), "46 years");
        assert_eq!(age(born("1980-05-17").as_ref(), now, &chicago).unwrap(), "45 years");
        assert_eq!(age(born("1980").as_ref(), now, &chicago).unwrap(), "about 46 years");
        assert_eq!(age(born("2025-12-01").as_ref(), now, &chicago).unwrap(), "5 months");
        assert_eq!(age(born("2026-04-17").as_ref(), now, &TimeZone::UTC).unwrap(), "1 month");
        assert_eq!(age(None, now, &chicago), None);
        let adult = |text: &str| is_adult(born(text).as_ref(), now, &chicago);
        assert_eq!(
            [adult("1980"), adult("2014-10-05"), adult("2025-12-01"), is_adult(None, now, &chicago)],
            [true, false, false, false]
        );
        assert_eq!(birth(born("1980-05").as_ref()), "May 1980");
    }

    #[test]
    fn numbers_are_told_by_what_they_have_to_say() {
        let shown = [61.0, 97.25, 36.58, 5.0, 5.71, 1_234.4, -0.5, 12_345_678.0].map(number);
        assert_eq!(shown, ["61", "97.2", "36.6", "5", "5.71", "1,234", "−0.5", "12,345,678"]);
        let stored = [0.004, 0.0125, 112.5, 37.25, 60.0, 1_234.375, -0.5, 1e-7].map(exact);
        assert_eq!(stored, ["0.004", "0.0125", "112.5", "37.25", "60", "1,234.375", "−0.5", "0.0000001"]);
        let doses = [(1.0, "{tablet}"), (2.0, "{tablet}"), (0.5, "{tablet}"), (3.0, "[drp]"), (2.0, "mg")];
        let doses = doses.map(|(quantity, of)| unit_of(quantity, of));
        assert_eq!(doses, ["tablet", "tablets", "tablet", "drops", "mg"]);
        assert_eq!([unit("/min"), unit("{steps}"), unit("mm[Hg]")], ["per min", "steps", "mmHg"]);
        assert_eq!(sentence("entered_in_error"), "Entered in error");
        assert_eq!([who("de la Cruz"), who("front_desk")], ["de la Cruz", "Front desk"]);
    }

    #[test]
    fn a_day_begins_at_midnight_where_somebody_is() {
        let berlin = TimeZone::get("Europe/Berlin").unwrap();
        let at = Timestamp::parse_rfc3339("2026-06-01T23:30:00Z").unwrap();
        let start = start_of(date_of(at, &berlin).unwrap(), &berlin).unwrap();
        assert_eq!(start, Timestamp::parse_rfc3339("2026-06-01T22:00:00Z").unwrap());
    }

    #[test]
    fn a_time_is_told_in_the_zone_of_who_reads() {
        let at = Timestamp::parse_rfc3339("2026-11-29T14:05:00Z").unwrap();
        assert_eq!(moment(at, &TimeZone::get("America/Chicago").unwrap()), "29 Nov 2026, 08:05");
        let after = |minutes: i64| ago(at, at.plus_micros(minutes * MINUTE_US));
        assert_eq!(
            [after(0), after(14), after(200), after(9_000)],
            ["just now", "14 min ago", "3 h ago", "6 days ago"]
        );
        assert!(!is_stale(at, at.plus_micros(9 * MINUTE_US)) && is_stale(at, at.plus_micros(11 * MINUTE_US)));
    }
}
