# The numbers of a training in 32 digits. Twins: python/twinprop/fingerprint.py,
# inst/js/fingerprint.js
#
# Section 20 of the contract. A checksum against accidents, not a signature.

# So many digits are shown where a run or a model is printed.
fingerprint_digits <- 12L

#' The fingerprint of a training
#'
#' 32 digits that stand for all numbers of a training: the MD5 of the costs of the epochs, the
#' weights and the biases, bit by bit. Trainings with the same fingerprint have computed the same
#' numbers. With arithmetic `"portable"` a plan has one fingerprint, in R, Python and JavaScript. It
#' guards against accidents, not against forgery.
#'
#' @param source A run made by [tp_train()] or [tp_run()], a model, a fit made by [twinprop()], or
#'   the path of a run's or a model's file, from whichever language, or of a plan, which is trained;
#'   `"-"` is standard input, a list what a file says.
#' @return A string.
#' @section Errors: `twinprop_input_error` if it is none of these; if a file cannot be read, or has
#'   the fingerprint of other numbers than it holds; of a plan, the errors of [tp_run()].
#' @examples
#' network <- list(layers = c(2, 1), weights = list(cbind(1, 2)))
#' tp_fingerprint(list(network = network, training = list(epochs = 0)))
#' @export
tp_fingerprint <- function(source) {
  if (inherits(source, "tp_run")) {
    return(source$fingerprint)
  }
  model <- if (is.list(source)) source[["model"]]
  if (inherits(source, "tp_model")) model <- source
  if (inherits(model, "tp_model")) {
    return(model_fingerprint(model))
  }
  if (!is_string(source) && !is_object(source)) {
    input_error(
      "source must be a run, a model, a fit, a list or a path, got ", describe(source)
    )
  }
  file_fingerprint(source)
}

# The fingerprint of the costs of epochs, weights and biases. R knows no MD5 but of files.
fingerprint_of <- function(cost, weights, biases) {
  numbers <- c(cost, unlist(lapply(weights, t)), unlist(biases))
  path <- tempfile("twinprop-")
  on.exit(unlink(path))
  writeBin(as.double(numbers), path, size = 8L, endian = "little")
  unname(tools::md5sum(path))
}

# The costs of a model are the loss curve of its training, if any.
model_fingerprint <- function(model) {
  curve <- unclass(model$training[["loss_curve"]])
  if (!all(vapply(as.list(curve), is_finite, NA))) {
    input_error("training.loss_curve must be a list of finite numbers")
  }
  fingerprint_of(unlist(curve), model$network$weights, model$network$biases)
}

# The fingerprint of what a run's or a model's file says, or of the run of a plan.
file_fingerprint <- function(source) {
  value <- source
  if (is_string(source)) {
    value <- parse_json(if (grepl("^\\s*[{[]", source)) source else plan_text(source))
    source <- value # standard input is read once
  }
  form <- if (is_object(value)) value[["format"]]
  if (identical(form, run_format)) {
    for (key in c("cost", "weights", "biases")) check_run_numbers(value, key)
    noted <- value[["fingerprint"]]
    found <- fingerprint_of(
      unlist(value[["cost"]]), lapply(value[["weights"]], rows_of_file),
      lapply(value[["biases"]], unlist)
    )
  } else if (identical(form, model_format)) {
    model <- model_from_list(value)
    noted <- model$training[["fingerprint"]]
    found <- model_fingerprint(model)
  } else {
    plan <- if (identical(source, value)) check_plan(value) else tp_read_plan(source)
    run <- train_plan(plan)
    if (length(run$cost) < plan$training$epochs) {
      # part of a run is no run of this plan
      stop(tp_condition(
        "twinprop_interrupted", "training interrupted: it has no fingerprint", run = run
      ))
    }
    return(run$fingerprint)
  }
  if (!is.null(noted) && !identical(noted, found)) {
    input_error(
      "the file's fingerprint is ", describe(noted), ", that of its numbers ", describe(found),
      ": the file was changed or damaged"
    )
  }
  found
}

# A list of rows as a matrix.
rows_of_file <- function(rows) {
  matrix(as.double(unlist(rows)), length(rows), byrow = TRUE)
}

# Refuse a run without numbers where it must have them.
check_run_numbers <- function(run, key) {
  if (!key %in% names(run)) input_error("run must have ", describe(key), ", got no such key")
  numbers <- unlist(run[[key]])
  of_type <- is.list(run[[key]]) || (key == "cost" && is.numeric(run[[key]]))
  if (!of_type || !(is.null(numbers) || is.numeric(numbers))) {
    input_error(
      "run must have numbers, and lists of them, where section 8 of docs/contract.md has them, ",
      "got other types"
    )
  }
}
