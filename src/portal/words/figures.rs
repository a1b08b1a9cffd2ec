//! What pages of figures, of the audit and of operations say.

words! {
    FigureWords, FIGURES,
    // Figures.
    analytics_title: "Figures",
    analytics_text:
        "Every share has its 95 % interval (Wilson) beside it. Groups of fewer than 11 people are left out; numbers \
         of people are rounded to five, and counted once a month or year is over.",
    own_text: "Numbers of your own facility. Every share has its 95 % interval (Wilson) beside it.",
    period: "Period",
    recent: "Last 12 months",
    show: "Show",
    facility: "Facility",
    all_facilities: "All facilities",
    csv: "Download CSV",
    csv_of: "Download CSV:",
    figure_none: "There is nothing to count here for this time, or it is of fewer than 11 people.",
    figure_cut: "The first 60 rows are shown; the file has all of them.",
    interval_low: "95 % from",
    interval_high: "95 % to",
    to: "to",
    few: "fewer than 11",
    nobody: "none",
    covers: "Shown:",
    all_time: "all time",
    whole_years: "the newest year that is over, and those before it",
    year_not_over: "the present year is counted once it is over",
    not_rated: "not rated",
    closed: "A closed facility",
    everybody: "All together",
    no_more: "Works elsewhere by now",
    the_facility: "The facility",
    year: "Year",
    month: "Month",
    provider: "Provider",
    people: "People",
    readmission: "Back in hospital within 30 days",
    readmission_is:
        "Of the people discharged in a year, those who were admitted again within 30 days without its being planned. \
         Not adjusted for how ill they were. Choose a facility to see it by attending provider.",
    came_back: "Came back",
    adherence: "Medicines taken as prescribed",
    adherence_is:
        "Of the people who filled a prescription of a substance in a year, those who had it at hand on at least 80 % \
         of the days of treatment (proportion of days covered).",
    substance: "Substance",
    adherent: "At least 80 % of days",
    adherence_seen: "Medicines taken as prescribed, by facility",
    adherence_seen_is:
        "Of the people who had a visit in a year and filled prescriptions in it, those who had every substance at hand \
         on at least 80 % of the days of treatment. Choose a facility to see it by provider.",
    time_in_range: "Glucose in range",
    time_in_range_is:
        "Of the people seen at a facility in the twelve months up to a month, whose glucose a sensor measured for ten \
         days of it or more, those in whom the means of quarters of an hour lay within 70 to 180 mg/dL for more than \
         70 % of the time. Choose a facility to see it, also by provider.",
    in_range: "More than 70 % in range",
    programmes: "Programme outcomes",
    programmes_are:
        "Of the people admitted to a programme that is over, those who completed it and those who withdrew.",
    programme: "Programme",
    completed: "Completed",
    withdrew: "Withdrew",
    engagement: "Engagement",
    engagement_is:
        "People who came to a wellness centre or a session in a month; of them, those who attended a session.",
    attended: "Attended a session",
    visits: "Visits",
    visits_are:
        "People with a visit in a month; of them, those who did not come to one, and those who cancelled one. Choose \
         a facility to see it by provider.",
    missed: "Did not come",
    cancelled: "Cancelled",
    ratings: "Ratings",
    ratings_are:
        "Mean of the published ratings, of one to five stars. Choose a facility to see those of its providers.",
    of_whom: "Of whom",
    reviews: "Ratings given",
    stars: "Mean, of 5",
    own_visits: "Visits of the facility",
    own_visits_are:
        "Visits by month, exactly as they were counted by day. The share is of the visits that were held or missed.",
    held: "Held",
    booked: "Still booked",
    were_cancelled: "Cancelled",
    of_visits_missed: "No-shows",
    own_engagement_is:
        "What happened at the centre by month: times that somebody came, attendances at sessions, and people admitted \
         to programmes.",
    times: "Times somebody came",
    attendances: "Attendances",
    enrolments: "Admitted",
    // Audit.
    audit_title: "Audit",
    audit_text:
        "What was done, the newest first. People's records are keys here: choose one to see all that was done with \
         it.",
    audit_none: "Nothing of this kind is in the audit.",
    audit_views: "Views of the audit",
    tab_events: "Events",
    tab_unexplained: "Unexplained",
    tab_emergencies: "Emergencies",
    tab_erasures: "Erasures",
    of_patient: "Of the record",
    of_account: "By the account",
    all_events: "Show all",
    events_of: "Events of",
    whose_record: "Whose record",
    older: "Older events",
    chains: "Chains",
    holds: "Whole",
    broken: "Broken",
    chains_hold: "Each event at the ends of the chains follows the one before it; computed anew just now",
    chains_broken: "Events at the ends of the chains that are not what they were when they were written",
    newest_event: "The newest event:",
    chains_text:
        "The whole of every chain, against the heads that were shipped elsewhere, is proved by `healthtrack audit \
         verify`.",
    chain_ends: "Ends of the chains",
    chain: "Chain",
    last_event: "Last event",
    digest: "Digest",
    unexplained_title: "Unexplained access",
    unexplained_text:
        "Looks of the last 30 days that no care, visit or grant explains, the newest first. Ask who looked for the \
         reason.",
    emergencies_title: "Emergencies",
    emergencies_text: "Records that were opened in an emergency. Each is to be reviewed within a day.",
    emergencies_none: "No record was opened in an emergency.",
    erasures_title: "Erasures",
    erasures_text:
        "Who asks to be erased. What is granted is carried out by whoever runs the installation (`healthtrack patient \
         erase`).",
    erasures_none: "Nobody has asked to be erased.",
    in_their_words: "In their words",
    state: "State",
    waits: "Waits for review",
    overdue: "Overdue",
    on_hold: "under legal hold",
    review: "Record the review",
    finding: "What you found",
    decide: "Decide",
    decision: "Decision",
    decision_hint: "A request that was granted cannot be refused any more.",
    decision_reason: "Why, as the person will read it",
    grant: "Grant the erasure",
    refuse: "Refuse it",
    // Operations.
    operations_title: "Operations",
    refresh: "Refresh",
    no_daemon: "There is no daemon connected to these pages, so there is nothing to watch here.",
    look_at: "Look at this",
    well: "OK",
    what_to_do: "What to do:",
    daemon: "Daemon",
    ready: "Ready",
    not_ready: "Not ready",
    shard: "Shard",
    daemon_advice:
        "Run `healthtrack doctor`: it says which of database, broker and shard is in the way, and how to clear it.",
    ingest: "Ingest",
    samples_a_second: "samples a second",
    counting: "Counting …",
    over_last: "over the last",
    since_start: "samples since it started",
    ingest_advice: "Nothing has come in: see whether devices publish, and whether mqtt.filters name their topics.",
    lag: "Lag",
    nothing_yet: "Nothing yet",
    lag_is: "From arrival to commit, 99 of 100 batches since it started",
    in_flight: "samples in flight",
    lag_advice:
        "Look at the database's disk and at what else runs on it; more ingest.lanes help where processors are idle.",
    database: "Database",
    answers: "Answers",
    no_answer: "Does not answer",
    commit: "commits",
    retries: "batches tried again",
    damaged: "damaged blocks met",
    forgotten: "times it had forgotten what was committed",
    database_advice:
        "Start it where it is down; else run `healthtrack doctor`, which names damaged blocks and how to repair them.",
    quarantine: "Quarantine",
    rejections_open: "rejections open",
    oldest: "the oldest for",
    days: "days",
    not_kept: "samples counted and not kept",
    quarantine_advice:
        "`healthtrack quarantine list` says why they were rejected; mend the cause, then retry or resolve them.",
    archive: "Archive",
    due_for: "Due for",
    all_rolled: "All days rolled",
    files_missing: "files missing",
    rolls_failed: "rolls failed",
    never_verified: "not verified since it started",
    verified: "verified",
    archive_advice:
        "Run `healthtrack archive verify`: it names what is missing or damaged. A failed roll is tried again; its \
         reason is in the log.",
    compaction: "Compaction",
    chunks_wait: "chunks wait",
    passes_failed: "passes ended early",
    compaction_advice: "The next pass tries again; where they go on failing, the log says which chunk and why.",
    broker: "Broker",
    connections: "connections subscribed",
    unacknowledged: "messages unacknowledged",
    unprotected: "messages at QoS 0",
    sessions_new: "sessions that the broker did not know",
    broker_advice: "See that the broker runs and takes the login of mqtt.url; the log says what it answers.",
    backups: "Backups",
    log_not_archived: "No backup to the minute",
    log_archived: "Log archived",
    log_never_archived: "Nothing archived yet",
    log_failures: "pieces failed",
    log_last_failed: "the last one",
    backups_text:
        "Base backups, and when one was last restored, are known to your backup tool alone; here is what the server \
         tells of its write-ahead log (WAL).",
    backups_advice:
        "Take base backups, archive the WAL (archive_mode, archive_command, archive_timeout), and restore one to see \
         that it works: deploy/backup.md says how. Where your storage takes snapshots instead, nothing here can tell.",
    log_failed_advice:
        "The server keeps all WAL until it is archived, which fills its disk: see archive_command and the server's \
         log.",
    log_late_advice: "Set archive_timeout, so that a piece is archived even where little is written.",
    outcomes: "What became of samples since it started",
    outcome: "Outcome",
    samples: "Samples",
}
