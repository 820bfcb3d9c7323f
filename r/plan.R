# Plan and run files: what to train, and what came of it. Twins: python/twinprop/plan.py,
# inst/js/plan.js
#
# Sections 7 and 8 of the contract. These files make any language an engine for any other.

plan_format <- "twinprop-plan/1"
run_format <- "twinprop-run/1"

network_defaults <- list(
  layers = c(2, 4, 1), activations = "sigmoid", init = "xavier", seed = 42, weights = NULL,
  biases = NULL
)

training_defaults <- list(
  cost = "half_mse", rule = "gradient", update_order = "simultaneous",
  optimizer = list(name = "sgd"), batch_size = 1, epochs = 1000, shuffle = FALSE, seed = 42,
  snapshots = list(), record = NULL, dropout = 0, clip_norm = NULL, schedule = NULL,
  arithmetic = "fast"
)

# The exclusive or.
default_data <- list(x = rbind(c(0, 0), c(0, 1), c(1, 0), c(1, 1)), d = cbind(c(0, 1, 1, 0)))

# An object without keys; list() is an empty array.
empty_object <- structure(list(), names = character())

#' Read and check a plan
#'
#' A plan says what to train: a network, the settings of its training, and data (section 7 of the
#' contract, `docs/contract.md`).
#'
#' @param plan A file's path, `"-"` for standard input, JSON text (it starts with a brace), or the
#'   plan itself as a list, where matrices and vectors may stand for lists of numbers. Absent keys
#'   take their defaults, the data those of [xor].
#' @return A list of class `tp_plan`, complete and checked: `network` and `training`, lists of
#'   settings; `x` (n, n_1) and `d` (n, n_L), matrices; `sample_weight` (n) or `NULL`; `dropped`,
#'   how many rows of a data set were left out because of missing values.
#' @section Errors: `twinprop_input_error` if the file cannot be read, or a key is unknown or its
#'   value not allowed.
#' @seealso [tp_run()]
#' @examples
#' plan <- tp_read_plan(list(training = list(epochs = 10), data = list(dataset = "xor")))
#' plan$network$layers
#' dim(plan$x)
#' tp_read_plan('{"data": {"x": [[0, 1]], "d": [[1]]}}')$training$epochs
#' @export
tp_read_plan <- function(plan) {
  if (inherits(plan, "tp_plan")) {
    return(plan)
  }
  if (!is_string(plan)) {
    return(check_plan(plan_from_r(plan)))
  }
  check_plan(parse_json(if (grepl("^\\s*[{[]", plan)) plan else plan_text(plan)))
}

# The text of the file of a plan, or of what messages call `what`.
plan_text <- function(path, what = "plan") {
  if (path != "-" && !file.exists(path)) {
    input_error("cannot read the ", what, ": no file \"", escaped(path), "\"")
  }
  bytes <- tryCatch(
    read_bytes(if (path == "-") "stdin" else path),
    error = function(e) input_error("cannot read the ", what, " \"", escaped(path), "\""),
    warning = function(w) input_error("cannot read the ", what, " \"", escaped(path), "\"")
  )
  if (any(bytes == 0)) input_error("the ", what, " is not valid JSON: a NUL")
  rawToChar(bytes)
}

# All of a file or pipe. A pipe does not say how much there is, and without raw = TRUE R looks at
# its first bytes, which are then gone.
read_bytes <- function(path) {
  input <- file(path, "rb", raw = TRUE)
  on.exit(close(input))
  blocks <- list()
  while (length(block <- readBin(input, "raw", 65536L)) > 0L) {
    blocks[[length(blocks) + 1L]] <- block
  }
  if (length(blocks) == 0L) raw() else unlist(blocks)
}

# A plan made in R says with vectors what JSON says with arrays, and with list() what it says with
# an empty object.
plan_from_r <- function(plan) {
  if (!is.list(plan)) {
    return(plan)
  }
  as_section <- function(section) if (identical(section, list())) empty_object else section
  plan <- as_section(plan)
  for (name in intersect(c("network", "training", "data"), names(plan))) {
    plan[name] <- list(as_section(plan[[name]]))
  }
  if (is_object(plan[["network"]])) {
    if (is.list(plan$network[["biases"]])) {
      plan$network$biases <- lapply(plan$network$biases, from_r)
    }
    if (length(plan$network[["layers"]]) == 2L && length(plan$network[["activations"]]) == 1L) {
      plan$network$activations <- from_r(plan$network$activations)
    }
  }
  if (is_object(plan[["training"]])) {
    if (has(plan$training, "snapshots") && !is.null(plan$training$snapshots)) {
      plan$training$snapshots <- from_r(plan$training$snapshots)
    }
    if (has(plan$training, "optimizer")) {
      plan$training["optimizer"] <- list(as_section(plan$training$optimizer))
    }
    if (has(plan$training, "schedule")) {
      plan$training["schedule"] <- list(as_section(plan$training$schedule))
    }
  }
  if (is_object(plan[["data"]]) && has(plan$data, "sample_weight")) {
    plan$data["sample_weight"] <- list(from_r(plan$data$sample_weight))
  }
  plan
}

# Fill in the defaults of a plan and check all of it, in the contract's order.
check_plan <- function(plan) {
  plan <- check_object(plan, "the plan")
  if (has(plan, "format") && !identical(plan[["format"]], plan_format)) {
    input_error("format must be \"", plan_format, "\", got ", describe(plan[["format"]]))
  }
  check_keys(plan, "the plan", c("format", "network", "training", "data"))
  network <- section(plan, "network", network_defaults)
  network <- check_network_settings(network, "network.")
  training <- check_training(
    section(plan, "training", training_defaults), length(network$layers) - 2L
  )
  check_cost_fits(training$cost, output_activation(network))
  data <- check_object(if (has(plan, "data")) plan[["data"]] else default_data, "data")
  samples <- check_plan_data(data, network, training$cost)
  sample_weight <- check_sample_weight(
    data[["sample_weight"]], "data.sample_weight", nrow(samples$x)
  )
  training["batch_size"] <- list(
    check_batch_size(training$batch_size, "training.batch_size", nrow(samples$x))
  )
  structure(
    list(
      network = network, training = training, x = samples$x, d = samples$d,
      dropped = samples$dropped, sample_weight = sample_weight
    ),
    class = "tp_plan"
  )
}

# A section's keys, those that are absent with their defaults.
section <- function(plan, name, defaults) {
  given <- if (has(plan, name)) plan[[name]] else empty_object
  given <- check_object(given, name)
  check_keys(given, name, names(defaults))
  defaults[names(given)] <- given
  defaults
}

# The settings of a training; the batch size is checked once the rows are known. `hidden` says how
# many hidden layers there are.
check_training <- function(given, hidden) {
  name <- function(key) paste0("training.", key)
  checked <- list(
    cost = check_choice(given$cost, name("cost"), names(costs)),
    rule = check_choice(given$rule, name("rule"), names(rules)),
    update_order = check_choice(given$update_order, name("update_order"), update_orders),
    optimizer = check_optimizer(
      check_object(given$optimizer, "training.optimizer"), "training.optimizer.",
      "training.optimizer"
    ),
    batch_size = given$batch_size,
    epochs = check_integer(given$epochs, name("epochs"), 0),
    shuffle = check_switch(given$shuffle, name("shuffle")),
    seed = check_seed(given$seed, name("seed")),
    snapshots = check_snapshots(given$snapshots, name("snapshots")),
    record = check_record(given$record, name("record")),
    dropout = check_dropout(given$dropout, name("dropout"), hidden),
    clip_norm = check_clip_norm(given$clip_norm, name("clip_norm"), given$update_order)
  )
  checked["schedule"] <- list(
    check_schedule(given$schedule, name("schedule"), checked$optimizer$name)
  )
  checked$arithmetic <- check_arithmetic(given$arithmetic, name("arithmetic"))
  checked
}

check_plan_data <- function(data, network, cost) {
  check_keys(data, "data", c("x", "d", "dataset", "sample_weight"))
  dropped <- 0
  kinds <- setdiff(names(data), "sample_weight")
  if (setequal(kinds, "dataset")) {
    data <- dataset_plan_data(data[["dataset"]], "data.dataset")
    dropped <- data$dropped
  } else if (!setequal(kinds, c("x", "d"))) {
    input_error("data must have either \"dataset\" or both \"x\" and \"d\"")
  }
  samples <- check_samples(data[["x"]], data[["d"]], network, cost, "data.")
  c(samples, list(dropped = dropped))
}

#' Train what a plan says
#'
#' From a shell: `Rscript -e 'twinprop::tp_run("plan.json", "run.json")'`.
#'
#' @param plan What [tp_read_plan()] takes or returned.
#' @param output A path to write the run to, `"-"` for standard output, or `NULL` to write nothing.
#'   A file is written beside it first and then moved, so that it is never half there.
#' @param run What [tp_run()] or [tp_train()] returned.
#' @inheritParams tp_train
#' @return `tp_run()` returns a list of class `tp_run`, see [tp_train()], invisibly if it is
#'   written; `tp_write_run()` returns its `output`, invisibly. A run file is described in section 8
#'   of the contract, `docs/contract.md`.
#' @section Errors: those of [tp_read_plan()] and [tp_train()]; `twinprop_input_error` if the output
#'   cannot be written; `twinprop_interrupted` if the training is interrupted before all of a run
#'   for an output exists (its `run` has the complete epochs).
#' @section Warnings: those of [tp_train()].
#' @examples
#' plan <- list(training = list(epochs = 2), data = list(dataset = "xor"))
#' tp_run(plan, "-")
#'
#' path <- tempfile(fileext = ".json")
#' tp_write_run(tp_run(plan), path)
#' unlink(path)
#' @export
tp_run <- function(plan, output = NULL, progress = FALSE) {
  progress <- check_switch(progress, "progress")
  plan <- tp_read_plan(plan)
  run <- train_plan(plan, progress)
  if (is.null(output)) {
    return(warn_unless_learned(run, plan$x, plan$d))
  }
  if (length(run$cost) < plan$training$epochs) {
    # part of a run is no run of this plan
    stop(tp_condition(
      "twinprop_interrupted", "training interrupted: no run file is written", run = run
    ))
  }
  tp_write_run(run, output)
  invisible(warn_unless_learned(run, plan$x, plan$d))
}

# Train a checked plan, without a word on whether it has learned.
train_plan <- function(plan, progress = FALSE) {
  settings <- plan$training
  settings["sample_weight"] <- list(plan$sample_weight)
  settings$optimizer <- make_optimizer(settings$optimizer)
  train(
    start_network(plan$network), t(plan$x), t(plan$d), settings,
    progress_reporter(progress, settings$epochs)
  )
}

# For a bridge in the same process: a plan as a list, which may hold matrices and vectors; the run
# as a list of plain matrices and vectors, under the names of a run file.
run_plan <- function(plan) {
  run_fields(train_plan(tp_read_plan(plan)))
}

run_fields <- function(run) {
  fields <- c(
    "updates", "seconds", "initial_cost", "cost", "final_cost", "outputs", "errors", "weights",
    "biases", "fingerprint", if (length(run$snapshots) > 0L) "snapshots"
  )
  c(
    list(format = run_format, engine = "r", version = package_version_text()),
    unclass(run)[fields],
    if (!is.null(run$recording)) {
      list(recording = unclass(run$recording)[c("interval", "steps")])
    }
  )
}

package_version_text <- function() {
  as.character(getNamespaceVersion("twinprop"))
}

#' @rdname tp_run
#' @export
tp_write_run <- function(run, output) {
  if (!inherits(run, "tp_run")) {
    input_error("run must be a run made by tp_train() or tp_run(), got ", describe(run))
  }
  if (!is_string(output)) {
    input_error("output must be a path or \"-\", got ", describe(output))
  }
  text <- run_json(run)
  if (output == "-") write_out(text) else write_whole(output, text)
  invisible(output)
}

# Write to standard output. R does not tell of a full disk below its own; a program does.
write_out <- function(text) {
  if (interactive() || sink.number() > 0L || !nzchar(Sys.which("cat"))) {
    cat(text, "\n", sep = "")
    return(invisible())
  }
  flush(stdout())
  output <- pipe("cat 2>/dev/null", "wb")
  try(writeBin(charToRaw(paste0(enc2utf8(text), "\n")), output), silent = TRUE)
  status <- close(output)
  if (!is.null(status) && status != 0L) {
    # 13: by a signal, since whoever read us has gone
    reason <- if (status %in% c(13L, 141L * 256L)) "Broken pipe" else "No space left on device"
    input_error("cannot write \"-\": ", reason)
  }
}

# Write a text file so that it is there whole or not at all.
write_whole <- function(path, text) {
  cannot <- function(condition) {
    input_error(
      "cannot write \"", escaped(path), "\": ",
      trimws(sub("'$", "", sub(".*(: |reason ')", "", conditionMessage(condition))))
    )
  }
  # a pipe or a device is no file to replace
  if (is_no_file(path)) {
    return(tryCatch(write_text(path, text), error = cannot, warning = cannot))
  }
  # a link stays a link
  target <- normalizePath(path, mustWork = FALSE)
  temporary <- tempfile(paste0(".", basename(target), "."), dirname(target))
  on.exit(unlink(temporary))
  tryCatch(
    {
      write_text(temporary, text)
      # R does not tell of a disk that was full at the end
      if (file.size(temporary) != nchar(text, "bytes") + 1) stop(": No space left on device")
      file.rename(temporary, target)
    },
    error = cannot, warning = cannot
  )
}

# Whether a path is there and is neither a file nor a folder. R itself cannot tell.
is_no_file <- function(path) {
  test <- Sys.which("test")
  file.exists(path) && !dir.exists(path) && nzchar(test) &&
    system2(test, c("-f", shQuote(path.expand(path)))) != 0L
}

write_text <- function(path, text) {
  # what R takes for pipes anyway, but with a warning
  output <- file(path, "wb", raw = TRUE)
  # a full disk may be told of only here; the warning must not keep it from being closed
  problem <- NULL
  keep <- function(condition) {
    problem <<- conditionMessage(condition)
    invokeRestart("muffleWarning")
  }
  withCallingHandlers(
    {
      writeBin(charToRaw(paste0(text, "\n")), output)
      close(output)
    },
    warning = keep
  )
  if (!is.null(problem)) stop(problem)
}

# The run as JSON; sprintf() because no option of the user's changes it, and because jsonlite never
# writes more than 15 digits.
run_json <- function(run) {
  parameters <- function(from) {
    c(
      weights = json_array(vapply(from$weights, json_matrix, "")),
      biases = json_array(vapply(from$biases, json_numbers, ""))
    )
  }
  fields <- c(
    format = quoted(run_format), engine = quoted("r"), version = quoted(package_version_text()),
    updates = json_number(run$updates), seconds = json_number(run$seconds),
    initial_cost = json_number(run$initial_cost), cost = json_numbers(run$cost),
    final_cost = json_number(run$final_cost), outputs = json_matrix(run$outputs),
    errors = json_matrix(run$errors), parameters(run), fingerprint = quoted(run$fingerprint)
  )
  if (length(run$snapshots) > 0L) {
    fields["snapshots"] <- json_array(vapply(run$snapshots, function(snapshot) {
      json_object(c(
        updates = json_number(snapshot$updates), cost = json_number(snapshot$cost),
        parameters(snapshot)
      ))
    }, ""))
  }
  if (!is.null(run$recording)) fields["recording"] <- recording_json(run$recording)
  json_object(fields)
}

recording_json <- function(recording) {
  matrices <- function(arrays) json_array(vapply(arrays, json_matrix, ""))
  vectors <- function(arrays) json_array(vapply(arrays, json_numbers, ""))
  steps <- vapply(recording$steps, function(step) {
    json_object(c(
      update = json_number(step$update), epoch = json_number(step$epoch),
      rows = json_numbers(step$rows), cost = json_number(step$cost),
      weights = matrices(step$weights), biases = vectors(step$biases), e = matrices(step$e),
      grad_weights = matrices(step$grad_weights), grad_biases = vectors(step$grad_biases)
    ))
  }, "")
  json_object(c(interval = json_number(recording$interval), steps = json_array(steps)))
}

json_object <- function(fields) {
  paste0("{", paste0("\"", names(fields), "\": ", fields, collapse = ", "), "}")
}

json_array <- function(entries) {
  paste0("[", paste(entries, collapse = ", "), "]")
}

# -0 would be read as the integer 0.
json_number <- function(number) {
  text <- sprintf("%.17g", number)
  text[text == "-0"] <- "-0.0"
  text
}

json_numbers <- function(numbers) {
  json_array(json_number(numbers))
}

# A list of rows.
json_matrix <- function(matrix) {
  columns <- lapply(seq_len(ncol(matrix)), function(j) json_number(matrix[, j]))
  json_array(paste0("[", do.call(paste, c(columns, sep = ", ")), "]"))
}
