//! What pages say on which somebody asks to be registered, and a desk decides.

words! {
    RegisterWords, REGISTER,
    title: "Ask to be registered",
    lead:
        "Tell a facility who you are and how to reach you. Its front desk calls or writes to you, registers you, and \
         gives you a link to set your password.",
    already: "You have an account?",
    place: "Where",
    place_find: "Show facilities",
    facility: "Facility",
    facility_hint: "Choose where first, and show the facilities there.",
    person: "About you",
    born_on: "Date of birth",
    reach_hint: "So that the front desk can reach you: one of both is needed.",
    reach_missing: "Write a telephone number or an email address.",
    speaks: "Language you speak best",
    terms:
        "I agree that this facility keeps what I wrote for 30 days, to register me and to reach me about it",
    terms_missing: "Tick this: without it, the facility may not keep what you wrote.",
    crowded: "Too many people ask to be registered at this moment: try again in a minute.",
    ask: "Ask",
    asked_title: "Thank you",
    asked:
        "The facility has your request. Its front desk reaches you by the telephone number or email address that you \
         gave; if you hear nothing within 30 days, ask there.",
    wait: "Too many requests have come from here, or for this facility. Call the facility, or try again in",
    minute: "minute",
    minutes: "minutes",
    // The desk.
    menu: "Registrations",
    requests: "Who asks to be registered",
    requests_none: "Nobody asks to be registered here.",
    name: "Name",
    born: "Born",
    asked_at: "Asked",
    gone_on: "Deleted on",
    wrote: "What was written",
    sex: "Sex",
    phone: "Telephone",
    email: "Email",
    register: "Register",
    register_note: "Call the person first. Correct what is wrong, and see who is known already.",
    decline: "Decline",
    decline_note: "The request is deleted, with all that was written. Tell the person why.",
    decline_send: "Decline the request",
}
