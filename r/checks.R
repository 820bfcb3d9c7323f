# Checks at the door: every argument, one message each. Twins: python/twinprop/checks.py,
# inst/js/checks.js
#
# The messages follow section 9 of the contract to the letter. Each check returns the value in the
# form in which the rest of the package wants it. A value comes from JSON (arrays are unnamed lists,
# objects named lists, numbers vectors of length 1) or from R (vectors, matrices, data frames).

# Strings longer than this are cut in messages.
longest_string <- 60L

# Weights and biases that a network may have, so that no language runs out of indices.
most_parameters <- 2147483647L

# Integers that only have a lower end end here: nothing that is counted has more, and R no longer
# counts by integers.
most_count <- 2147483647

# Write a given value the way all three languages write it in messages.
describe <- function(value) {
  if (is.null(value)) {
    return("null")
  }
  if (is_object(value)) {
    return("an object")
  }
  entries <- as_entries(value)
  if (!is.null(entries)) {
    return(sprintf("a list of %d", length(entries)))
  }
  if (is.factor(value)) {
    value <- as.character(value)
  }
  if (!is.atomic(value)) {
    return(paste("a", class(value)[1L]))
  }
  if (is.nan(value) && is.numeric(value)) {
    return("NaN")
  }
  if (is.na(value)) {
    return("NA")
  }
  if (is.logical(value)) {
    return(if (value) "true" else "false")
  }
  if (is.character(value)) {
    return(describe_string(value))
  }
  if (is.numeric(value)) {
    return(if (is.finite(value)) sprintf("%.15g", value) else if (value > 0) "Inf" else "-Inf")
  }
  paste("a", class(value)[1L])
}

describe_string <- function(value) {
  value <- valid_text(value)
  cut <- if (nchar(value) > longest_string) {
    paste0(substr(value, 1L, longest_string), "...")
  } else {
    value
  }
  paste0("\"", escaped(cut), "\"")
}

# Strings as they stand between double quotes in messages.
escaped <- function(texts) {
  texts <- gsub("\\", "\\\\", valid_text(texts), fixed = TRUE)
  visible(gsub("\"", "\\\"", texts, fixed = TRUE))
}

# Strings with the code of what a terminal would obey, or what would turn the text's direction.
visible <- function(texts) {
  vapply(valid_text(texts), function(text) {
    codes <- utf8ToInt(text)
    unseen <- codes %in% unseen_codes
    if (!any(unseen)) {
      return(text)
    }
    letters <- intToUtf8(codes, multiple = TRUE)
    letters[unseen] <- sprintf("\\u%04x", codes[unseen])
    paste(letters, collapse = "")
  }, "", USE.NAMES = FALSE)
}

# Control characters, marks of direction, and breaks of lines.
unseen_codes <- c(
  0x00:0x1f, 0x7f:0x9f, 0x061c, 0x200e, 0x200f, 0x2028:0x202e, 0x2066:0x2069, 0xfeff
)

# Strings in UTF-8, whatever bytes a user's are made of.
valid_text <- function(texts) {
  iconv(enc2utf8(texts), "UTF-8", "UTF-8", sub = "byte")
}

# List names in double quotes, with commas.
quoted <- function(names) {
  paste0("\"", escaped(names), "\"", collapse = ", ")
}

# A JSON object: a list with names.
is_object <- function(value) {
  is.list(value) && !is.data.frame(value) && !is.null(names(value))
}

# The entries of a JSON array, of a vector or of the rows of a matrix; NULL for anything else. A
# vector of length 1 is a single value.
as_entries <- function(value) {
  if (is.null(value) || is_object(value)) {
    return(NULL)
  }
  if (is.data.frame(value)) {
    return(lapply(seq_len(nrow(value)), function(i) unname(lapply(value, `[[`, i))))
  }
  if (length(dim(value)) == 2L) {
    return(lapply(seq_len(nrow(value)), function(i) unname(as.list(value[i, ]))))
  }
  if (is.list(value)) {
    return(unclass(value))
  }
  if (is.atomic(value) && length(value) != 1L) {
    return(unname(as.list(value)))
  }
  NULL
}

# A list or a vector from R as a list: there a vector of length 1 is a list of one entry.
from_r <- function(value) {
  as_list <- is.atomic(value) && !is.null(value) && is.null(dim(value)) &&
    is.null(attr(value, "single"))
  if (as_list) as.list(unname(value)) else value
}

# What JSON says with a single value where a list belongs is not to be taken for a vector of R.
mark_singles <- function(value, keys) {
  if (!is.list(value)) {
    return(value)
  }
  value[] <- lapply(value, mark_singles, keys)
  for (key in intersect(keys, names(value))) {
    if (is.atomic(value[[key]]) && !is.null(value[[key]])) attr(value[[key]], "single") <- TRUE
  }
  value
}

is_number <- function(value) {
  is.numeric(value) && length(value) == 1L && !is.factor(value)
}

is_finite <- function(value) {
  is_number(value) && is.finite(value)
}

# 3 and 3.0 are integers.
is_integer <- function(value) {
  is_finite(value) && value == trunc(value)
}

is_string <- function(value) {
  is.character(value) && length(value) == 1L && !is.na(value)
}

# An integer within [low, high]; without `high` it is a count, up to `most`.
check_integer <- function(value, name, low, high = NULL, most = most_count) {
  if (is.null(high) && is_integer(value) && value > most) high <- most_count
  if (!is_integer(value) || value < low || (!is.null(high) && value > high)) {
    allowed <- if (is.null(high)) {
      sprintf(">= %.15g", low)
    } else {
      sprintf("from %.15g to %.15g", low, high)
    }
    input_error(name, " must be an integer ", allowed, ", got ", describe(value))
  }
  as.double(value)
}

# A seed that set.seed() takes: 32 bits with a sign, without R's NA.
check_seed <- function(value, name = "seed") {
  as.integer(check_integer(value, name, -2147483647, 2147483647))
}

# A finite number that is not negative.
check_number <- function(value, name) {
  if (!is_finite(value) || value < 0) {
    input_error(name, " must be a finite number >= 0, got ", describe(value))
  }
  as.double(value)
}

# A number above 0 and at most 1.
check_ratio <- function(value, name) {
  if (!is_finite(value) || value <= 0 || value > 1) {
    input_error(name, " must be a number above 0 and at most 1, got ", describe(value))
  }
  as.double(value)
}

check_fraction <- function(value, name) {
  if (!is_finite(value) || value < 0 || value >= 1) {
    input_error(name, " must be a number from 0 to below 1, got ", describe(value))
  }
  as.double(value)
}

# One of `choices`, or the choice that an alias stands for.
check_choice <- function(value, name, choices, aliases = character()) {
  if (is_string(value) && value %in% names(aliases)) {
    return(aliases[[value]])
  }
  if (!is_string(value) || !value %in% choices) {
    input_error(name, " must be one of ", quoted(choices), ", got ", describe(value))
  }
  as.vector(value)
}

check_switch <- function(value, name) {
  if (!is.logical(value) || length(value) != 1L || is.na(value)) {
    input_error(name, " must be true or false, got ", describe(value))
  }
  as.vector(value)
}

check_object <- function(value, name) {
  if (!is_object(value)) {
    input_error(name, " must be an object, got ", describe(value))
  }
  twice <- anyDuplicated(names(value))
  if (twice > 0L) {
    input_error(name, " must have distinct keys, got ", describe(names(value)[twice]), " twice")
  }
  value
}

check_keys <- function(value, where, allowed) {
  for (key in names(value)) {
    if (!key %in% allowed) {
      input_error("unknown key ", describe(key), " in ", where, "; allowed: ", quoted(allowed))
    }
  }
}

# The layer sizes n_1, ..., n_L.
check_layers <- function(value, name = "layers") {
  entries <- as_entries(value)
  if (length(entries) < 2L) {
    input_error(
      name, " must be a list of at least 2 integers >= 1, got ", describe(value)
    )
  }
  for (i in seq_along(entries)) {
    # which have a limit of their own
    check_integer(entries[[i]], paste0(name, " entry ", i), 1, most = Inf)
  }
  layers <- as.double(unlist(entries))
  count <- sum(layers[-1L] * (layers[-length(layers)] + 1))
  if (count > most_parameters) {
    input_error(
      name, " must make at most ", most_parameters, " weights and biases, got ", describe(count)
    )
  }
  as.integer(layers)
}

# Two numbers that `fits`; `allowed` says in words which.
check_pair <- function(value, name, allowed, fits) {
  entries <- as_entries(value)
  if (length(entries) != 2L || !all(vapply(entries, is_finite, NA)) ||
        !fits(entries[[1L]], entries[[2L]])) {
    input_error(name, " must be a list of 2 numbers", allowed, ", got ", describe(value))
  }
  as.double(unlist(entries))
}

# adam's two decay rates
check_betas <- function(value, name) {
  check_pair(value, name, " from 0 to below 1", function(first, second) {
    0 <= first && first < 1 && 0 <= second && second < 1
  })
}

# rprop's two factors
check_etas <- function(value, name) {
  check_pair(value, name, ", 0 < first < 1 < second", function(first, second) {
    0 < first && first < 1 && 1 < second
  })
}

# rprop's smallest and largest step
check_step_sizes <- function(value, name) {
  check_pair(value, name, ", 0 < first <= second", function(first, second) {
    0 < first && first <= second
  })
}

# The counts of updates at which to keep the weights.
check_snapshots <- function(value, name) {
  entries <- as_entries(value)
  counts <- if (!is.null(entries) && all(vapply(entries, is_integer, NA))) {
    as.double(unlist(entries))
  }
  if (is.null(entries) || length(counts) != length(entries) ||
        any(counts < 1) || any(diff(counts) <= 0)) {
    input_error(
      name, " must be a list of integers >= 1, each larger than the one before, got ",
      describe(value)
    )
  }
  counts
}

# The interval at which to record steps; NULL for no recording.
check_record <- function(value, name) {
  if (is.null(value)) {
    return(NULL)
  }
  if (is_string(value) && value == "steps") {
    return(1)
  }
  if (!is_integer(value) || value < 1) {
    input_error(name, " must be null, \"steps\" or an integer >= 1, got ", describe(value))
  }
  as.double(value)
}

# The dropout of every hidden layer: one number, or one for each of them.
check_dropout <- function(value, name, hidden) {
  entries <- as_entries(value)
  if (is.null(entries)) {
    return(check_fraction(value, name))
  }
  if (length(entries) != hidden) {
    input_error(
      name, " must have one number for each hidden layer (", hidden, "), got ", length(entries)
    )
  }
  vapply(seq_along(entries), function(i) {
    check_fraction(entries[[i]], paste0(name, " entry ", i))
  }, 0)
}

# The largest norm of a gradient; NULL for no limit.
check_clip_norm <- function(value, name, update_order) {
  if (is.null(value)) {
    return(NULL)
  }
  if (!is_finite(value) || value <= 0) {
    input_error(name, " must be null or a finite number above 0, got ", describe(value))
  }
  if (update_order == "output_first") {
    input_error(name, " must be null with update order \"output_first\", got ", describe(value))
  }
  as.double(value)
}

# The weights of the samples; NULL if all have the same.
check_sample_weight <- function(value, name, rows) {
  if (is.null(value)) {
    return(NULL)
  }
  fits <- is.numeric(value) && is.null(dim(value)) && !is.factor(value) &&
    length(value) == rows && all(is.finite(value) & value >= 0)
  weights <- if (fits) as.double(value) else check_vector(value, name, rows, least = 0)
  if (all(weights == 0)) input_error(name, " must have a value above 0, got none")
  weights
}

# A matrix (rows, columns) of finite numbers; any number of rows from 1 if `rows` is NULL.
check_matrix <- function(value, name, columns, rows = NULL) {
  if (is.data.frame(value) && all(vapply(value, is.numeric, NA))) {
    value <- as.matrix(value)
  }
  if (is.matrix(value) && is.numeric(value) && ncol(value) == columns &&
        (if (is.null(rows)) nrow(value) > 0L else nrow(value) == rows) &&
        is.finite(min(value)) && is.finite(max(value))) {
    # large data are not copied
    plain <- is.double(value) && identical(names(attributes(value)), "dim")
    return(if (plain) value else matrix(as.double(value), nrow(value)))
  }
  matrix_row_by_row(value, name, columns, rows)
}

matrix_row_by_row <- function(value, name, columns, rows) {
  entries <- as_entries(value)
  if (is.null(entries)) {
    input_error(
      name, " must be a list of rows, each a list of numbers, got ", describe(value)
    )
  }
  if (!is.null(rows) && length(entries) != rows) {
    input_error(name, " must have ", rows, " rows, got ", length(entries))
  }
  if (length(entries) == 0L) {
    input_error(name, " must have at least 1 row, got 0")
  }
  for (i in seq_along(entries)) {
    check_row(entries[[i]], paste0(name, " row ", i), columns)
  }
  matrix(as.double(unlist(entries)), length(entries), columns, byrow = TRUE)
}

check_row <- function(value, name, columns) {
  values <- as_entries(value)
  if (is.null(values)) {
    input_error(name, " must be a list of numbers, got ", describe(value))
  }
  if (length(values) != columns) {
    input_error(name, " must have ", columns, " values, got ", length(values))
  }
  for (j in seq_along(values)) {
    if (!is_finite(values[[j]])) {
      input_error(
        name, ", column ", j, " must be a finite number, got ", describe(values[[j]])
      )
    }
  }
}

# Refuse desired outputs that are not as many as the inputs.
check_same_rows <- function(d, rows, d_name, x_name) {
  entries <- if (is.matrix(d)) nrow(d) else length(as_entries(d))
  if (entries != rows) {
    input_error(
      d_name, " must have as many rows as ", x_name, " (", rows, "), got ", entries
    )
  }
}

# The weight matrices W[2..L] given by hand.
check_weights <- function(value, name, layers) {
  entries <- check_one_per_layer(value, name, "matrix", layers)
  lapply(seq_along(entries), function(i) {
    check_matrix(entries[[i]], paste0(name, " layer ", i + 1L), layers[i], rows = layers[i + 1L])
  })
}

# The biases b[2..L] given by hand.
check_biases <- function(value, name, layers) {
  entries <- check_one_per_layer(value, name, "list", layers)
  lapply(seq_along(entries), function(i) {
    check_vector(entries[[i]], paste0(name, " layer ", i + 1L), layers[i + 1L])
  })
}

check_one_per_layer <- function(value, name, what, layers) {
  entries <- as_entries(value)
  if (is.null(entries) || length(entries) != length(layers) - 1L) {
    input_error(
      name, " must have one ", what, " for each layer after the input (", length(layers) - 1L,
      "), got ", if (is.null(entries)) describe(value) else length(entries)
    )
  }
  entries
}

check_vector <- function(value, name, size, least = -Inf) {
  entries <- as_entries(value)
  if (is.null(entries) || length(entries) != size) {
    input_error(
      name, " must have ", size, " values, got ",
      if (is.null(entries)) describe(value) else length(entries)
    )
  }
  allowed <- if (least == -Inf) "a finite number" else paste("a finite number >=", describe(least))
  for (i in seq_along(entries)) {
    if (!is_finite(entries[[i]]) || entries[[i]] < least) {
      input_error(name, " value ", i, " must be ", allowed, ", got ", describe(entries[[i]]))
    }
  }
  as.double(unlist(entries))
}
