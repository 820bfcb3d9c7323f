# Fits in functions of networks: with the data as the fit takes them. Twin:
# python/twinprop/raw_data.py.
#
# JavaScript has no twin: a page encodes by the model itself.

# What a fit, or a model, means to a function that takes a network, x and d: `network`, `x` and `d`,
# encoded and scaled, with names, and `cost`, the one given or else the training's. d may be part of
# x if the fit was made from a formula; `needs_d`: it must be there.
unwrap_fit <- function(fit, x, d = NULL, cost = NULL, needs_d = TRUE) {
  if (is.null(cost)) cost <- fit$training$cost
  if (is.null(cost)) {
    likely <- fit$task %in% c("classification", "multilabel")
    cost <- if (isTRUE(likely)) "cross_entropy" else "half_mse"
  }
  if (is.null(fit$inputs)) {
    return(list(network = fit$network, x = x, d = d, cost = cost))
  }
  if (!needs_d && is.null(d) && !has_response(fit, x)) {
    x <- encode_inputs(fit$inputs, new_data(fit, x), na = "pass")
    x <- x[stats::complete.cases(x), , drop = FALSE]
    colnames(x) <- input_names(fit)
    return(list(network = fit$network, x = x, d = NULL, cost = cost))
  }
  c(list(network = fit$network), raw_samples(fit, x, d), list(cost = cost))
}

# The same for a picture of the network, which may be without data.
network_of_fit <- function(fit, x, d, cost) {
  found <- if (is.null(x)) {
    list(network = fit$network, x = NULL, d = NULL, cost = "half_mse")
  } else {
    unwrap_fit(fit, x, d, cost, needs_d = FALSE)
  }
  if (!is.null(fit$inputs)) found$input_names <- input_names(fit)
  if (!is.null(fit$task)) found$output_names <- output_names(fit)
  found
}

# The network that takes inputs that are not scaled, and gives outputs that are not.
unscaled_network <- function(fit) {
  network <- fit$network
  center <- fit$inputs$center
  if (!is.null(center)) {
    weights <- network$weights[[1L]]
    weights <- weights / rep(fit$inputs$scale, each = nrow(weights))
    network$weights[[1L]] <- weights
    network$biases[[1L]] <- as.vector(network$biases[[1L]] - weights %*% center)
  }
  last <- length(network$weights)
  if (!is.null(fit$outputs$center) && output_activation(network) == "identity") {
    network$weights[[last]] <- network$weights[[last]] * fit$outputs$scale
    network$biases[[last]] <- network$biases[[last]] * fit$outputs$scale + fit$outputs$center
  }
  network
}

# A fit that does not scale, on data that are not scaled: for pictures in the data's units.
without_scales <- function(fit) {
  fit$network <- unscaled_network(fit)
  fit$inputs["center"] <- fit$inputs["scale"] <- list(NULL)
  if (output_activation(fit$network) == "identity") {
    fit$outputs["center"] <- fit$outputs["scale"] <- list(NULL)
  }
  fit
}

# What the network sees of data as the fit takes them: x and d, encoded and scaled, with names; the
# rows that lack a value are left out. d may be part of x if the fit was made from a formula.
raw_samples <- function(fit, x, d, name = "x") {
  if (is.null(d)) d <- response_of(fit, x, name)
  x <- encode_inputs(fit$inputs, new_data(fit, x), na = "pass")
  if (is.data.frame(d) && ncol(d) == 1L) d <- d[[1L]]
  if (NROW(d) != nrow(x)) {
    input_error("d must have as many rows as x (", nrow(x), "), got ", NROW(d))
  }
  complete <- stats::complete.cases(x) & stats::complete.cases(d)
  if (!any(complete)) {
    input_error(name, " must have at least 1 row without missing values, got 0")
  }
  x <- x[complete, , drop = FALSE]
  colnames(x) <- input_names(fit)
  d <- encode_outputs(fit$outputs, pick_rows(d, complete), fit$task, name_of_response(fit))
  colnames(d) <- output_names(fit)
  list(x = x, d = d)
}

# The columns that the response is made from.
response_columns <- function(fit) {
  if (is.null(fit$terms)) fit$outputs$names else all.vars(response_variable(fit))
}

response_variable <- function(fit) {
  attr(fit$terms, "variables")[[attr(fit$terms, "response") + 1L]]
}

has_response <- function(fit, data) {
  is.data.frame(data) && all(response_columns(fit) %in% names(data))
}

# The response that stands in the data itself.
response_of <- function(fit, data, name) {
  if (!has_response(fit, data)) {
    lacking <- setdiff(response_columns(fit), names(data))
    input_error(
      name, " must be a data frame with the response ", quoted(lacking), ", or d must be given"
    )
  }
  if (is.null(fit$terms)) {
    return(data[fit$outputs$names])
  }
  eval(response_variable(fit), data, environment(fit$terms))
}

name_of_response <- function(fit) {
  if (is.null(fit$response)) "d" else fit$response$name
}

input_names <- function(fit) {
  vapply(fit$inputs$terms, `[[`, "", "name")
}

# One for each output of the network.
output_names <- function(fit) {
  if (fit$task != "classification") {
    return(fit$outputs$names)
  }
  levels <- level_text(fit$outputs$levels)
  if (length(levels) == 2L) levels[2L] else levels
}

# New data as encode_inputs() takes them: through the recipe of a recipe's fit.
new_data <- function(fit, data) {
  if (is.null(fit$blueprint)) {
    return(data)
  }
  need_package("hardhat", "a fit of a recipe")
  as.data.frame(hardhat::forge(data, fit$blueprint)$predictors)
}
