# The text of files in JSON, read strictly.
# Twins: python/twinprop/json_text.py, inst/js/json_text.js
#
# Section 9 of the contract. JSON's parsers differ in what they let pass: a key that is there twice,
# NaN, bytes that are no UTF-8, brackets nested until the stack ends. Here none of it passes, in any
# language.

# Brackets inside of each other; plans need 5, models 6.
deepest <- 100

# Arrays become unnamed lists, objects named lists: so arrays of one entry stay arrays.
parse_json <- function(text, what = "plan") {
  Encoding(text) <- "UTF-8"
  not_json <- function(detail) {
    input_error("the ", what, " is not valid JSON: ", sub("\n.*", "", detail))
  }
  if (!validUTF8(text)) not_json("invalid UTF-8")
  bytes <- charToRaw(text)
  inside <- in_strings(bytes)
  steps <- (bytes == 0x5b | bytes == 0x7b) - (bytes == 0x5d | bytes == 0x7d)
  if (any(cumsum(steps * !inside) > deepest)) {
    input_error("the ", what, " must not be nested more than ", deepest, " deep")
  }
  # The parser would take comments; JSON has a slash in strings only.
  if (any(bytes[!inside] == 0x2f)) not_json("a comment")
  value <- tryCatch(
    jsonlite::parse_json(text),
    error = function(e) not_json(conditionMessage(e)),
    warning = function(w) not_json(conditionMessage(w))
  )
  if (has_odd_escape(text)) {
    input_error("the ", what, " must have strings without NUL and without halves of characters")
  }
  twice <- key_twice(value)
  if (!is.null(twice)) {
    input_error("the ", what, " must have distinct keys in each object, got ", twice, " twice")
  }
  value
}

# Whether each byte belongs to a string; its first quote does, its last does not.
in_strings <- function(bytes) {
  # a quote after an odd number of backslashes is part of its string
  place <- seq_along(bytes)
  backslash <- bytes == 0x5c
  before <- c(0L, cummax(ifelse(backslash, 0L, place)))[place]
  quote <- bytes == 0x22 & (place - 1L - before) %% 2L == 0L
  cumsum(quote) %% 2L == 1L
}

# Whether an escape of valid JSON stands for NUL or half of a character: the parser has cut the
# string there, or made something else of it.
has_odd_escape <- function(text) {
  if (!grepl("\\u", text, fixed = TRUE)) {
    return(FALSE)
  }
  # escapes are read from the left, so that none begins inside of another
  escapes <- regmatches(text, gregexpr("\\\\(u[0-9a-fA-F]{4}|[^u])", text, useBytes = TRUE))[[1L]]
  places <- gregexpr("\\\\(u[0-9a-fA-F]{4}|[^u])", text, useBytes = TRUE)[[1L]]
  unicode <- nchar(escapes, "bytes") == 6L
  codes <- strtoi(substring(escapes[unicode], 3L), 16L)
  places <- places[unicode]
  high <- codes >= 0xd800 & codes <= 0xdbff
  low <- codes >= 0xdc00 & codes <= 0xdfff
  paired <- c(high[-length(high)] & low[-1L] & diff(places) == 6L, FALSE)
  any(codes == 0L | (high & !paired) | (low & !c(FALSE, paired[-length(paired)])))
}

# The first key that is there twice, of the objects in the order in which they end, as messages
# write it; NULL without one.
key_twice <- function(value) {
  for (entry in value[vapply(value, is.list, NA)]) {
    twice <- key_twice(entry)
    if (!is.null(twice)) {
      return(twice)
    }
  }
  place <- anyDuplicated(names(value))
  if (place > 0L) describe(names(value)[place])
}
