# Model files: train in one language, use in another. Twins: python/twinprop/model_file.py,
# inst/js/model_file.js
#
# Section 16 of the contract; docs/model.schema.json is its schema. A file is JSON: reading it runs
# no code. It holds probes, rows with the outputs that the model computed for them when it was
# written; the reader computes them anew and refuses the file if they differ.

model_format <- "twinprop-model/1"

# The keys of a file, in its order.
model_keys <- c(
  "format", "version", "task", "network", "inputs", "outputs", "na", "training", "probes"
)

# By how much a probe's output may differ, of the largest sum of sizes in its net input. Sums in
# another order and exp in its last bit make 1e-13 of it; a changed digit makes more.
probe_tolerance <- 1e-9

# How deep what is known of the training may be nested, so that a reader takes it.
deepest_training <- 90L

# How many probes there are: one for each level of a factor, within these.
fewest_probes <- 4L
most_probes <- 20L

# The keys of inputs and outputs that hold lists.
list_keys <- c("columns", "terms", "parts", "coding", "center", "scale", "names", "levels")

#' Read and write model files
#'
#' A model file (`NAME.twinprop.json`) holds a trained model for R, Python and JavaScript: the
#' network, how columns become its inputs, and its outputs predictions. It is JSON, so that reading
#' it runs no code. The reader computes the outputs of some rows that the file holds, and refuses it
#' if they differ.
#'
#' @param path A file's path, or `"-"` for standard input or output; `tp_read_model()` takes also
#'   JSON text (it starts with a brace). A file is written beside it first and then moved, so that
#'   it is never half there.
#' @param model A model, a network made by [tp_network()], or a fit that holds a model.
#' @return `tp_read_model()` returns a list of class `tp_model`, plain R: `network`, see
#'   [tp_network()]; `task`, `"regression"`, `"classification"`, `"multilabel"` or, if nothing is
#'   known but the network, `NULL`; `inputs`, how columns become inputs; `outputs`, their names and
#'   the levels or the scale; `na`, what [predict()][predict.tp_model()] does with a row that lacks
#'   a value, `"error"` or `"pass"`; `training`, what else is known. `tp_write_model()` returns its
#'   `path`, invisibly.
#' @section Errors: `twinprop_input_error` if the file cannot be read, is no model or does not
#'   compute the outputs of its probes; if `model` is no model, or has a term that no other language
#'   computes, such as `log(x)`; if the file cannot be written.
#' @seealso [predict.tp_model()]
#' @examples
#' path <- tempfile(fileext = ".twinprop.json")
#' tp_write_model(tp_network(c(2, 4, 1)), path)
#' model <- tp_read_model(path)
#' model
#' predict(model, rbind(c(0, 1), c(1, 1)))
#' unlink(path)
#' @export
tp_read_model <- function(path) {
  if (is_object(path)) {
    return(model_from_list(path))
  }
  if (!is_string(path)) input_error("path must be a path, got ", describe(path))
  text <- if (grepl("^\\s*[{[]", path)) path else plan_text(path, "model")
  value <- parse_json(text, "model")
  for (part in intersect(c("inputs", "outputs"), names(value))) {
    value[part] <- list(mark_singles(value[[part]], list_keys))
  }
  model_from_list(value)
}

# Check what a file says, in the order of its keys, and make the model.
model_from_list <- function(value) {
  value <- check_object(value, "the model")
  if (!identical(value[["format"]], model_format)) {
    input_error("format must be \"", model_format, "\", got ", describe(value[["format"]]))
  }
  check_keys(value, "the model", model_keys)
  check_all_there(value, "the model", setdiff(model_keys, "version"))
  task <- value[["task"]]
  if (!is.null(task)) task <- check_choice(task, "task", tasks)
  network <- network_from_list(value[["network"]])
  na <- check_choice(value[["na"]], "na", na_actions)
  model <- make_model(
    network, task, value[["inputs"]], value[["outputs"]], na, value[["training"]]
  )
  check_probes(model, value[["probes"]])
  model
}

network_from_list <- function(value) {
  value <- check_section(value, "network", c("layers", "activations", "weights", "biases"))
  for (key in c("weights", "biases")) {
    if (is.null(value[[key]])) {
      input_error(
        "network.", key, " must have one ", if (key == "weights") "matrix" else "list",
        " for each layer after the input, got null"
      )
    }
  }
  start_network(check_network_settings(c(value, list(init = "xavier", seed = 42)), "network."))
}

#' @rdname tp_read_model
#' @export
tp_write_model <- function(model, path) {
  model <- as_model(model)
  if (!is_string(path)) input_error("path must be a path or \"-\", got ", describe(path))
  text <- format_model(model)
  if (path == "-") write_out(text) else write_whole(path, text)
  invisible(path)
}

# The model that is, or is in, what a user gives.
as_model <- function(value) {
  if (inherits(value, "tp_model")) {
    return(value)
  }
  if (inherits(value, "tp_network")) {
    return(make_model(value))
  }
  if (is.list(value) && inherits(value[["model"]], "tp_model")) {
    return(value[["model"]])
  }
  input_error("model must be a model, a network or a fit, got ", describe(value))
}

# The text of a model's file: a line for each key, floats to their last bit.
format_model <- function(model) {
  refused <- model$inputs$r_only$refused
  if (length(refused) > 0L) {
    input_error(
      "the model cannot be written: no other language computes the term",
      if (length(refused) > 1L) "s", " ", listed(refused)
    )
  }
  check_network(model$network)
  network <- model$network
  fields <- c(
    format = json_string(model_format), version = json_string(package_version_text()),
    task = json_value(model$task),
    network = json_object(c(
      layers = json_numbers(network$layers),
      activations = json_array(json_string(network$activations)),
      weights = json_array(vapply(network$weights, json_matrix, "")),
      biases = json_array(vapply(network$biases, json_numbers, ""))
    )),
    inputs = inputs_json(model$inputs), outputs = outputs_json(model$outputs),
    na = json_string(model$na), training = json_value(model$training),
    probes = probes_json(model)
  )
  paste0("{", paste0("\"", names(fields), "\": ", fields, collapse = ",\n "), "}")
}

inputs_json <- function(inputs) {
  if (is.null(inputs)) {
    return("null")
  }
  columns <- vapply(inputs$columns, function(about) {
    json_object(c(
      name = json_string(about$name), kind = json_string(about$kind),
      if (about$kind == "factor") {
        c(levels = json_vector(about$levels), ordered = json_value(about$ordered))
      }
    ))
  }, "")
  terms <- vapply(inputs$terms, function(term) {
    parts <- vapply(term$parts, function(part) {
      json_object(c(
        column = json_string(part$column),
        if (!is.null(part$coding)) c(coding = json_numbers(part$coding))
      ))
    }, "")
    json_object(c(name = json_string(term$name), parts = json_array(parts)))
  }, "")
  json_object(c(
    columns = json_array(columns), terms = json_array(terms),
    center = json_vector(inputs$center), scale = json_vector(inputs$scale)
  ))
}

outputs_json <- function(outputs) {
  if (is.null(outputs)) {
    return("null")
  }
  json_object(vapply(
    c(names = "names", levels = "levels", center = "center", scale = "scale"),
    function(key) json_vector(outputs[[key]]), ""
  ))
}

# A vector of whichever kind as an array; NULL as null.
json_vector <- function(values) {
  if (is.null(values)) {
    return("null")
  }
  json_array(vapply(seq_along(values), function(i) json_value(values[[i]]), ""))
}

# Any plain R value: a list with names as an object, one without as an array, a vector of one value
# as this value unless I() says otherwise; what is missing or not finite as null.
json_value <- function(value, depth = 0L) {
  if (depth > deepest_training) { # which no reader takes
    input_error("training must not be nested more than ", deepest_training, " deep")
  }
  if (is.null(value)) {
    return("null")
  }
  if (is.list(value)) {
    entries <- vapply(unname(unclass(value)), json_value, "", depth = depth + 1L)
    if (is.null(names(value))) {
      return(json_array(entries))
    }
    pairs <- if (length(entries) > 0L) paste0(json_string(names(value)), ": ", entries)
    return(paste0("{", paste(pairs, collapse = ", "), "}"))
  }
  if (length(dim(value)) == 2L) {
    return(json_array(vapply(seq_len(nrow(value)), function(i) json_vector(value[i, ]), "")))
  }
  if (is.factor(value)) value <- as.character(value)
  if (!is.atomic(value)) {
    input_error(
      "training must be made of numbers, strings, lists and dicts, got ", describe(value)
    )
  }
  if (length(value) != 1L || inherits(value, "AsIs")) {
    return(json_vector(unclass(value)))
  }
  if (is.na(value) || (is.numeric(value) && !is.finite(value))) {
    return("null")
  }
  if (is.logical(value)) {
    return(if (value) "true" else "false")
  }
  if (is.numeric(value)) json_number(value) else json_string(as.character(value))
}

# Strings in quotes, in UTF-8; control characters as JSON wants them.
json_string <- function(strings) {
  strings <- enc2utf8(as.character(strings))
  strings <- gsub("\\", "\\\\", strings, fixed = TRUE)
  strings <- gsub("\"", "\\\"", strings, fixed = TRUE)
  for (code in 1:31) {
    strings <- gsub(intToUtf8(code), sprintf("\\u%04x", code), strings, fixed = TRUE)
  }
  paste0("\"", strings, "\"")
}

# Probes -------------------------------------------------------------------------------------------

# Made-up rows, none of the user's, and their outputs.
probes_json <- function(model) {
  rows <- probe_rows(model)
  outputs <- probe_outputs(model, rows)$outputs
  if (!all(is.finite(outputs))) input_error("the model has outputs that are not finite")
  rows <- vapply(rows, function(row) json_array(vapply(row, json_value, "")), "")
  json_object(c(rows = json_array(rows), outputs = json_matrix(outputs)))
}

# Rows, lists in the order of the columns: numbers about their center, levels in turn.
probe_rows <- function(model) {
  inputs <- model$inputs
  columns <- inputs$columns
  width <- if (is.null(inputs)) model$network$layers[1L] else length(columns)
  levels <- vapply(columns, function(about) length(about$levels), 0L)
  count <- min(max(fewest_probes, levels), most_probes)
  moves <- matrix(4 * tp_random_stream(1)$uniform(count * width) - 2, count, byrow = TRUE)
  lapply(seq_len(count), function(i) {
    if (is.null(inputs)) {
      return(as.list(moves[i, ]))
    }
    lapply(seq_len(width), function(j) probe_value(inputs, columns[[j]], i, moves[i, j]))
  })
}

probe_value <- function(inputs, about, i, move) {
  if (about$kind == "logical") {
    return(i %% 2L == 0L)
  }
  if (about$kind == "factor") {
    return(about$levels[(i - 1L) %% length(about$levels) + 1L])
  }
  if (!is.null(inputs$center)) {
    for (j in seq_along(inputs$terms)) {
      if (identical(vapply(inputs$terms[[j]]$parts, `[[`, "", "column"), about$name)) {
        return(inputs$center[j] + inputs$scale[j] * move)
      }
    }
  }
  move
}

# The outputs (n, K), a regression's on its own scale, and their sizes (K).
probe_outputs <- function(model, rows) {
  network <- model$network
  if (is.null(model$inputs)) {
    x <- check_matrix(rows, "probes.rows", network$layers[1L])
  } else {
    x <- encode_inputs(model$inputs, frame_from_rows(rows, length(model$inputs$columns)))
  }
  method <- find_method(network, "half_mse")
  forward <- forward_pass(t(x), network$weights, network$biases, method)
  last <- length(network$layers)
  sizes <- abs(network$weights[[last - 1L]]) %*% abs(forward$a[[last - 1L]]) +
    abs(network$biases[[last - 1L]])
  size <- apply(sizes, 1L, max)
  outputs <- t(forward$a[[last]])
  if (identical(model$task, "regression")) {
    center <- model$outputs$center
    scale <- model$outputs$scale
    outputs <- unscaled(outputs, center, scale)
    if (!is.null(center)) size <- size * scale + abs(center)
  }
  list(outputs = outputs, size = size)
}

# Rows (lists of single values) as columns without names.
frame_from_rows <- function(rows, width) {
  for (i in seq_along(rows)) {
    if (is.null(as_entries(rows[[i]]))) {
      input_error("row ", i, " must be a list of values, got ", describe(rows[[i]]))
    }
    if (length(rows[[i]]) != length(rows[[1L]])) {
      input_error("row ", i, " must have ", length(rows[[1L]]), " values, got ", length(rows[[i]]))
    }
  }
  columns <- lapply(seq_along(rows[[1L]]), function(j) {
    values <- lapply(rows, `[[`, j)
    values[vapply(values, is.null, NA)] <- NA
    if (all(vapply(values, is.atomic, NA))) unlist(values) else values
  })
  new_frame(NULL, columns, length(rows))
}

# Refuse values of a file that are not what their columns hold: a column of R would make them alike.
check_probe_values <- function(columns, rows) {
  if (!all(vapply(rows, function(row) length(as_entries(row)), 0L) == length(columns))) {
    return(invisible()) # which is said of the rows
  }
  for (j in seq_along(columns)) {
    about <- columns[[j]]
    for (i in seq_along(rows)) {
      value <- rows[[i]][[j]]
      name <- paste0("column ", describe(about$name), " row ", i)
      if (is.null(value)) input_error(name, " is missing")
      single <- is.atomic(value) && length(value) == 1L
      fits <- switch(
        about$kind,
        numeric = is_finite(value),
        logical = single && is.logical(value),
        factor = single && level_text(value) %in% level_text(about$levels)
      )
      if (!fits) {
        input_error(
          name, " must be ", switch(
            about$kind,
            numeric = "a finite number", logical = "true or false",
            factor = paste("one of", listed(about$levels))
          ), ", got ", describe(value)
        )
      }
    }
  }
}

# Compute the outputs of the probes anew and refuse a file in which they differ.
check_probes <- function(model, value) {
  value <- check_section(value, "probes", c("rows", "outputs"))
  rows <- as_entries(value[["rows"]])
  if (length(rows) == 0L) {
    input_error("probes.rows must be a list of at least 1 rows, got ", describe(value[["rows"]]))
  }
  layers <- model$network$layers
  wanted <- check_matrix(
    value[["outputs"]], "probes.outputs", layers[length(layers)], rows = length(rows)
  )
  if (!is.null(model$inputs)) check_probe_values(model$inputs$columns, rows)
  got <- probe_outputs(model, rows)
  gap <- abs(got$outputs - wanted)
  fits <- !is.na(gap) & gap <= probe_tolerance * rep(got$size, each = length(rows))
  if (!all(fits)) {
    i <- which(rowSums(!fits) > 0L)[1L]
    k <- which(!fits[i, ])[1L]
    input_error(
      "the model does not compute the outputs of its probes (row ", i, ", output ", k, ": ",
      sprintf("%.10g", got$outputs[i, k]), ", in the file ", sprintf("%.10g", wanted[i, k]),
      "): the file was changed or damaged"
    )
  }
}
