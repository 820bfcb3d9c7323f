# What a converter takes to another language or package. Twins: python/twinprop/exported.py
#
# A network alone, or a model: raw columns, the terms that they make, scaling, the network, and what
# its outputs stand for. JavaScript has no twin: nothing is converted from there.

# The parts of a network, of a model or of a fit: `network`; `task`, "regression", "classification"
# or "multilabel", NULL for a network alone; `columns`, each with name, kind and perhaps levels;
# `terms`, for each input of the network the parts of a product, `column` (from 1) and perhaps
# `coding`; `center` and `scale` of the terms; `names` of the outputs; `levels`, the classes;
# `output_center` and `output_scale`.
exported <- function(model) {
  model <- as_model(model)
  inputs <- model$inputs
  outputs <- model$outputs
  refused <- inputs$r_only$refused
  if (length(refused) > 0L) {
    input_error(
      "the model cannot be converted: no other language computes the term",
      if (length(refused) > 1L) "s", " ", listed(refused)
    )
  }
  if (is.null(model$task)) {
    return(list(network = model$network))
  }
  if (is.null(inputs)) { # a matrix, whose columns are called as everywhere
    names <- paste0("x", seq_len(model$network$layers[1L]))
    inputs <- list(
      columns = lapply(names, function(name) list(name = name, kind = "numeric")),
      terms = lapply(names, function(name) list(parts = list(list(column = name))))
    )
  }
  places <- vapply(inputs$columns, `[[`, "", "name")
  list(
    network = model$network,
    task = model$task,
    columns = lapply(inputs$columns, function(column) {
      if (!is.null(column$levels)) column$levels <- as.list(column$levels)
      column
    }),
    terms = lapply(inputs$terms, function(term) {
      lapply(term$parts, function(part) {
        list(column = match(part$column, places), coding = numbers(part$coding))
      })
    }),
    center = numbers(inputs$center),
    scale = numbers(inputs$scale),
    names = as.character(unlist(outputs$names)),
    levels = if (!is.null(outputs$levels)) as.list(outputs$levels),
    output_center = numbers(outputs$center),
    output_scale = numbers(outputs$scale)
  )
}

numbers <- function(values) {
  if (!is.null(values)) as.double(unlist(values))
}

# A network alone: of a model one that takes its terms unscaled, in place of scaling. With a scaled
# input (x - center) / scale, W x + b is W' x + b' with W' = W / scale and b' = b - W' center. An
# output's scaling needs the identity before it.
bare_network <- function(model) {
  parts <- exported(model)
  network <- parts$network
  last <- length(network$weights)
  if (!is.null(parts$center)) {
    network$weights[[1L]] <- network$weights[[1L]] / rep(parts$scale, each = network$layers[2L])
    network$biases[[1L]] <- network$biases[[1L]] - drop(network$weights[[1L]] %*% parts$center)
  }
  if (!is.null(parts$output_center)) {
    if (output_activation(network) != "identity") {
      input_error(
        "scaled outputs need \"identity\" in the output layer, got ",
        describe(output_activation(network))
      )
    }
    network$weights[[last]] <- network$weights[[last]] * parts$output_scale
    network$biases[[last]] <- network$biases[[last]] * parts$output_scale + parts$output_center
  }
  network
}

# Whether the outputs of a classification are probabilities.
has_probabilities <- function(parts) {
  output_activation(parts$network) %in% c("sigmoid", "softmax")
}

# What a model's prediction of a row holds, in every language.
prediction_names <- function(parts) {
  if (parts$task == "classification" && !is.null(parts$levels)) {
    if (!has_probabilities(parts)) {
      return("class")
    }
    return(c("class", paste0("probability_", vapply(parts$levels, level_text, ""))))
  }
  if (parts$task == "multilabel") {
    return(paste0("probability_", parts$names))
  }
  if (length(parts$names) == 1L) "prediction" else paste0("prediction_", parts$names)
}
