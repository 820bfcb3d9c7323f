# The code that mends what a diagnosis finds. Twins: python/twinprop/mends.py, inst/js/mends.js
#
# Section 14 of the contract. Each language writes its own: R here, to be run where network, x and d
# are the user's. It ends in a training with the settings that the run had, but for what is mended;
# of a network without a run nothing is known of that, and it ends in the network.

# The optimisers that move by the gradient itself.
sgd_names <- c("sgd", "momentum", "nesterov")

# Units of the hidden layer that a network without one is given.
hidden_units <- 8

# Start anew, from weights that are drawn.
mend_new_start <- function(network, settings, seed = NULL) {
  mend_code(new_network_code(network, seed = seed), train_code(settings))
}

# Bring each column of d into the range of the outputs.
mend_scale_targets <- function(network, d, settings) {
  output <- output_activation(network)
  low <- "low <- apply(d, 2, min)"
  if (output %in% c("relu", "softplus")) {
    lines <- c(low, "d <- sweep(d, 2, low)  # back: sweep(outputs, 2, low, \"+\")")
  } else {
    width <- "apply(d, 2, max) - low"
    if (any(constant_columns(d))) width <- paste0("ifelse(apply(d, 2, max) > low, ", width, ", 1)")
    scaled <- "sweep(sweep(d, 2, low), 2, width, \"/\")"
    back <- "sweep(sweep(outputs, 2, width, \"*\"), 2, low, \"+\")"
    if (output == "tanh") {
      scaled <- paste("2 *", scaled, "- 1")
      back <- sub("outputs", "(outputs + 1) / 2", back, fixed = TRUE)
    }
    lines <- c(low, paste("width <-", width), paste0("d <- ", scaled, "  # back: ", back))
  }
  mend_code("d <- as.matrix(d)", lines, new_network_code(network), train_code(settings))
}

# Bring each column of x to mean 0 and standard deviation 1; `constant`: some have none.
mend_scale_inputs <- function(network, constant, settings) {
  lines <- "x <- scale(x)"
  if (constant) {
    lines <- c(
      "spread <- apply(x, 2, function(column) if (min(column) < max(column)) sd(column) else 1)",
      "x <- scale(x, scale = spread)"
    )
  }
  mend_code(lines, new_network_code(network), train_code(settings))
}

# Train anew with another learning rate.
mend_other_rate <- function(network, settings, rate) {
  settings$optimizer$learning_rate <- rate
  mend_code(new_network_code(network), train_code(settings))
}

# An optimiser's default learning rate.
usual_rate <- function(optimizer) {
  optimizers[[optimizer]]$defaults$learning_rate
}

# Give a layer the activation leaky_relu.
mend_leaky <- function(network, layer, settings) {
  activations <- network$activations
  activations[layer - 1L] <- "leaky_relu"
  mend_code(new_network_code(network, activations = activations), train_code(settings))
}

# Train on, more times as many epochs.
mend_more_epochs <- function(settings, times) {
  settings$epochs <- settings$epochs * times
  mend_code(train_code(settings))
}

# Start anew with twice the hidden units, and train twice as long.
mend_larger_network <- function(network, settings) {
  layers <- network$layers
  activations <- network$activations
  depth <- length(layers)
  if (depth == 2L) {
    layers <- c(layers[1L], hidden_units, layers[2L])
    activations <- c("tanh", activations)
  } else {
    layers[-c(1L, depth)] <- 2 * layers[-c(1L, depth)]
  }
  if (!is.null(settings)) settings$epochs <- settings$epochs * 2
  mend_code(
    new_network_code(network, layers = layers, activations = activations, seed = 1),
    train_code(settings)
  )
}

# Repeat the rows of small classes, so that all have about as many.
mend_balance <- function(network, outputs, settings) {
  if (!is.null(settings)) settings$shuffle <- TRUE
  mend_code(
    "d <- as.matrix(d)",
    paste("labels <-", if (outputs > 1L) "max.col(d, \"first\")" else "d[, 1] + 1"),
    "counts <- tabulate(labels)",
    "rows <- rep(seq_along(labels), max(counts) %/% counts[labels])",
    "x <- x[rows, , drop = FALSE]",
    "d <- d[rows, , drop = FALSE]",
    if (!is.null(settings$sample_weight)) "sample_weight <- sample_weight[rows]",
    new_network_code(network), train_code(settings)
  )
}

# Leave out columns of x.
mend_drop_columns <- function(network, columns, settings) {
  left <- network$layers[1L] - length(columns)
  if (left == 0L) {
    return("# no column of x is left that tells rows apart: there is nothing to learn from")
  }
  mend_code(
    paste0("x <- x[, -", vector_code(columns), ", drop = FALSE]"),
    new_network_code(network, layers = c(left, network$layers[-1L])), train_code(settings)
  )
}

new_network_code <- function(network, layers = network$layers, activations = network$activations,
                             seed = NULL) {
  names <- if (length(unique(activations)) == 1L) activations[1L] else activations
  paste0(
    "network <- tp_network(", vector_code(layers), ", ", vector_code(names),
    if (!is.null(seed)) paste0(", seed = ", seed), ")"
  )
}

# The call that trains, with the settings that are not the defaults.
train_code <- function(settings) {
  if (is.null(settings)) {
    return(NULL)
  }
  given <- c("network", "x", "d")
  for (name in setdiff(names(training_defaults), "snapshots")) {
    value <- settings[[name]]
    if (name == "optimizer") {
      optimizer <- optimizer_code(value)
      if (!is.null(optimizer)) given <- c(given, paste("optimizer =", optimizer))
    } else if (!isTRUE(all.equal(value, training_defaults[[name]], tolerance = 0))) {
      given <- c(given, paste(name, "=", value_code(value)))
    }
  }
  # the user's own
  if (!is.null(settings$sample_weight)) given <- c(given, "sample_weight = sample_weight")
  paste0("run <- tp_train(", paste(given, collapse = ", "), ")")
}

# The code of an optimiser; NULL for the default one.
optimizer_code <- function(settings) {
  name <- settings$name
  defaults <- c(list(weight_decay = 0), optimizers[[name]]$defaults)
  own <- Filter(
    function(key) !isTRUE(all.equal(settings[[key]], defaults[[key]], tolerance = 0)),
    setdiff(names(settings), "name")
  )
  if (length(own) > 0L) {
    values <- vapply(settings[own], value_code, "")
    return(paste0(
      "tp_optimizer(", paste(c(quoted(name), paste(own, "=", values)), collapse = ", "), ")"
    ))
  }
  if (name != "sgd") quoted(name)
}

value_code <- function(value) {
  if (is.null(value)) {
    "NULL"
  } else if (is.list(value)) {
    entries <- vapply(value, value_code, "")
    paste0("list(", paste(names(value), "=", entries, collapse = ", "), ")")
  } else if (is.logical(value)) {
    as.character(value)
  } else {
    vector_code(value)
  }
}

vector_code <- function(values) {
  entries <- vapply(values, describe, "")
  if (length(entries) == 1L) entries else paste0("c(", paste(entries, collapse = ", "), ")")
}

mend_code <- function(...) {
  paste(c(...), collapse = "\n")
}
