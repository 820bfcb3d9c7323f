# One training step with every number explained. Twins: python/twinprop/explain.py,
# inst/js/explain.js
#
# Section 12 of the contract. The numbers are those of the step itself (quantities.R); here each
# gets its formula (formulas.R) and its place.

# A step of more equations than this is summarised, layer by layer.
most_equations <- 1000

#' Explain a training step
#'
#' Explains one training step, from the forward pass to the new weights and the new cost.
#'
#' Every number gets its equation: in symbols, with the numbers in it, and its value. Network and
#' optimizer are left as they are. A step of more than 1,000 equations is summarised by layer;
#' `neurons` asks for the equations of single neurons.
#'
#' @inheritParams tp_step
#' @param network A network made by [tp_network()]; or a fit made by [twinprop()] with x and d as it
#'   takes them: the response may be part of x, and the cost is that of the fit if none is given.
#' @param x The inputs (n, n_1), rows are samples: a matrix or data frame of numbers; the n samples
#'   make one update.
#' @param optimizer What [tp_optimizer()] returned, or the name of an optimiser with its defaults;
#'   what it remembers is used, and not changed.
#' @param neurons A list of pairs `c(layer, neuron)`, both counted from 1: only the equations of
#'   these neurons. Default: all.
#' @param plan What [tp_read_plan()] takes, or the name of a data set, which has the network and
#'   settings of the cross-check, with rule `"gradient"` and cost `"half_mse"`.
#' @param sample The sample, from 1, that makes the update by itself. Default: the first batch of
#'   the plan; of a data set, sample 1.
#' @return A list of class `tp_explanation`: `table`, a data frame with a row for each equation and
#'   the columns `stage`, `sample`, `layer`, `from`, `to` (`NA` where it does not apply), `symbol`,
#'   `formula`, `substitution`, `value`; `summary`, a data frame with a row for each quantity of
#'   each layer: `stage`, `layer`, `symbol`, `count`, `smallest`, `mean`, `largest`; `title`;
#'   `summarised`, whether there are too many equations to write them all out; `cost_before` and
#'   `cost_after`, the mean cost of these samples, with the penalty. Printing it prints the text of
#'   [tp_report()].
#' @section Errors: `twinprop_input_error` if an argument is not as described;
#'   `twinprop_denominator_error` if a rule has to divide by a sum of weights of 0 or nearly 0.
#' @references Section 12 of the contract, `docs/contract.md`. Rumelhart, D. E., Hinton, G. E. and
#'   Williams, R. J. (1986). Learning representations by back-propagating errors. *Nature* 323.
#' @seealso [tp_report()] for Markdown, HTML, LaTeX and JSON
#' @examples
#' network <- tp_network(c(1, 1), weights = list(matrix(0.5)))
#' step <- tp_explain(network, x = 2, d = 1)
#' step$table[3, c("symbol", "formula", "substitution")]
#' step$cost_after < step$cost_before
#'
#' tp_explain_plan("xor", sample = 2)
#' @export
tp_explain <- function(network, x, d, cost = "half_mse", rule = "gradient",
                       update_order = "simultaneous", optimizer = tp_optimizer("sgd"),
                       neurons = NULL) {
  if (inherits(network, "tp_model")) {
    fit <- unwrap_fit(network, x, if (!missing(d)) d, if (!missing(cost)) cost)
    network <- fit$network
    x <- fit$x
    d <- fit$d
    cost <- fit$cost
  }
  check_network(network)
  cost <- check_cost(cost, network)
  rule <- check_choice(rule, "rule", names(rules))
  update_order <- check_choice(update_order, "update_order", update_orders)
  optimizer <- as_optimizer(optimizer)
  # one sample of one input may be a number
  if (is_number(x) && network$layers[1L] == 1L) x <- cbind(x)
  samples <- check_samples(x, d, network, cost)
  chosen <- check_neurons(neurons, network$layers)
  made <- tp_step(network, samples$x, samples$d, cost, rule, update_order, optimizer)
  step <- step_quantities(list(
    before = network, after = made$network, d = samples$d, forward = made$forward,
    backward = made$backward, forward_after = tp_forward(made$network, samples$x),
    optimizer = optimizer, optimizer_after = made$optimizer, cost = cost, rule = rule,
    update_order = update_order
  ))
  write_explanation(step, chosen)
}

#' @rdname tp_explain
#' @export
tp_explain_plan <- function(plan, sample = NULL, neurons = NULL) {
  if (is_string(plan) && plan %in% tp_dataset_names()) {
    plan <- make_checks(plan)[[1L]]$plan
    if (is.null(sample)) sample <- 1
  } else {
    plan <- tp_read_plan(plan)
  }
  check_explicable(plan)
  training <- plan$training
  rows <- seq_len(nrow(plan$x))
  if (is.null(sample)) {
    if (training$shuffle) rows <- tp_random_stream(training$seed)$order(length(rows))
    size <- if (is.null(training$batch_size)) length(rows) else training$batch_size
    rows <- rows[seq_len(size)]
  } else {
    rows <- check_integer(sample, "sample", 1, length(rows))
  }
  tp_explain(
    start_network(plan$network), plan$x[rows, , drop = FALSE], plan$d[rows, , drop = FALSE],
    training$cost, training$rule, training$update_order, make_optimizer(training$optimizer),
    neurons
  )
}

# Refuse a plan whose step is more than forward, backward and update.
check_explicable <- function(plan) {
  there <- c(
    training.dropout = any(plan$training$dropout > 0),
    training.clip_norm = !is.null(plan$training$clip_norm),
    data.sample_weight = !is.null(plan$sample_weight)
  )
  if (any(there)) {
    input_error(
      "a step with ", names(which(there))[1L], " cannot be explained: leave it out of the plan"
    )
  }
}

# The neurons asked for: for each layer which, NULL for all.
check_neurons <- function(value, layers) {
  if (is.null(value)) {
    return(lapply(layers, seq_len))
  }
  entries <- if (is.atomic(value) && is.null(dim(value))) NULL else as_entries(value)
  pairs <- lapply(entries, as_entries)
  is_pair <- function(pair) length(pair) == 2L && all(vapply(pair, is_integer, NA))
  if (length(pairs) == 0L || !all(vapply(pairs, is_pair, NA))) {
    input_error(
      "neurons must be a list of pairs of a layer and a neuron, got ", describe(value)
    )
  }
  chosen <- lapply(layers, function(units) integer())
  for (i in seq_along(pairs)) {
    entry <- paste0("neurons entry ", i, ", ")
    layer <- check_integer(pairs[[i]][[1L]], paste0(entry, "layer"), 1, length(layers))
    neuron <- check_integer(pairs[[i]][[2L]], paste0(entry, "neuron"), 1, layers[layer])
    chosen[[layer]] <- sort(union(chosen[[layer]], as.integer(neuron)))
  }
  chosen
}

# How many equations the step has, but for those of cost and optimiser.
count_equations <- function(step) {
  n <- step$rows
  layers <- as.double(step$layers)
  count <- n * (layers[1L] + layers[step$depth])
  for (layer in 2:step$depth) {
    inputs <- layers[layer - 1L]
    units <- layers[layer]
    count <- count + 4 * n * units + 2 * units * (inputs + 1)
    if (layer == step$depth) count <- count + n * units
    if (layer > 2L) count <- count + n * (units * inputs + units + inputs) + units * inputs
  }
  count
}

# Write the equations of a step, section by section, in the order of the computation. `chosen` has
# the neurons of each layer.
write_explanation <- function(step, chosen) {
  all <- all(lengths(chosen) == step$layers)
  summarised <- all && count_equations(step) > most_equations
  if (summarised) chosen <- lapply(chosen, function(neurons) integer())
  writer <- explanation_writer(step, chosen, all && !summarised)
  writer$samples()
  for (layer in 2:step$depth) writer$forward(layer)
  writer$error()
  for (layer in step$depth:2) {
    writer$gradients(layer)
    if (step$output_first) writer$update(layer)
    if (layer > 2L) writer$back(layer)
  }
  if (!step$output_first) for (layer in 2:step$depth) writer$update(layer)
  writer$cost_after()
  layers <- layer_summaries(step)
  sections <- writer$sections()
  structure(
    list(
      table = equation_table(unlist(lapply(sections, `[[`, "equations"), recursive = FALSE)),
      summary = summary_table(layers),
      title = explanation_title(step),
      summarised = summarised,
      cost_before = whole_cost(step)$value,
      cost_after = whole_cost(step, new = TRUE)$value,
      sections = sections,
      layers = layers
    ),
    class = "tp_explanation"
  )
}

# The functions that write the sections; `sections()` gives those that have equations.
explanation_writer <- function(step, chosen, all) {
  sections <- list()
  scale_written <- FALSE
  settings_written <- FALSE
  rows <- seq_len(step$rows)
  depth <- step$depth

  open <- function(title, ...) {
    at <- length(sections) + 1L
    sections[[at]] <<- list(title = title, notes = as.list(c(...)), equations = list())
  }
  add <- function(stage, of, expression, layer = NULL, to = NULL, from = NULL) {
    at <- length(sections)
    row <- list(
      stage = stage, sample = of$sample, layer = layer, from = from, to = to, quantity = of,
      expression = expression
    )
    count <- length(sections[[at]]$equations)
    sections[[at]]$equations[[count + 1L]] <<- row
  }
  # The weights into a neuron of a layer, and NULL for its bias.
  incoming <- function(layer) c(as.list(seq_len(step$layers[layer - 1L])), list(NULL))

  output_errors <- function(stage, new) {
    for (i in rows) {
      for (k in chosen[[depth]]) {
        formula <- output_error_formula(step, k, i, new)
        add(stage, e_of(step, depth, k, i, new), formula, depth, k)
      }
    }
  }
  costs <- function(after, new) {
    found <- sample_costs(step, new)
    stage <- function(name) paste0(name, after)
    if (is.null(found[[1L]]$sample)) {
      # one sample and no penalty: its cost is all
      return(add(stage("cost"), found[[1L]], sample_cost_formula(step, 1L, new)))
    }
    for (i in if (all) rows) {
      add(stage("sample_cost"), found[[i]], sample_cost_formula(step, i, new))
    }
    if (step$decay > 0) {
      add(stage("penalty"), penalty_of(step, new), penalty_formula(step, new))
    }
    add(stage("cost"), whole_cost(step, new), mean_cost_formula(step, new))
  }

  list(
    sections = function() Filter(function(section) length(section$equations) > 0L, sections),
    samples = function() {
      open("Inputs and desired outputs")
      for (i in rows) {
        for (j in chosen[[1L]]) {
          a <- a_of(step, 1L, j, i)
          x <- quantity("x", a$value, a$size, NULL, j, a$sample)
          add("input", a, x, 1L, j)
        }
        for (k in chosen[[depth]]) {
          d <- target_of(step, k, i)
          add("target", d, d, depth, k)
        }
      }
    },
    forward = function(layer) {
      open(paste("Forward to layer", layer), paste0(
        "Each neuron adds up the activations of the layer before times its weights, and its bias; ",
        "the activation function ", step$before$activations[layer - 1L], " makes its activation ",
        "of that."
      ))
      for (i in rows) {
        for (k in chosen[[layer]]) {
          z <- z_of(step, layer, k, i)
          add("weighted_sum", z, weighted_sum_formula(step, layer, k, i), layer, k)
          a <- a_of(step, layer, k, i)
          add("activation", a, activation_formula(step, layer, k, i), layer, k)
        }
      }
    },
    error = function() {
      open("Output error and cost", "The output error is by how much an output is too large.")
      output_errors("output_error", FALSE)
      costs("", FALSE)
    },
    gradients = function(layer) {
      open(paste("Deltas and gradients of layer", layer), gradient_notes(step, layer))
      if (!scale_written && length(chosen[[layer]]) > 0L) {
        scale_written <<- TRUE
        add("scale", setting_quantity("s", step$s), scale_formula(step))
      }
      for (i in rows) {
        for (k in chosen[[layer]]) {
          if (has_slope(step, layer)) {
            slope <- slope_of(step, layer, k, i)
            add("derivative", slope, derivative_formula(step, layer, k, i), layer, k)
          }
          delta <- delta_of(step, layer, k, i)
          add("delta", delta, delta_formula(step, layer, k, i), layer, k)
        }
      }
      for (k in chosen[[layer]]) {
        for (j in incoming(layer)) {
          gradient <- gradient_of(step, layer, k, j)
          add("gradient", gradient, gradient_formula(step, layer, k, j), layer, k, j)
        }
      }
    },
    back = function(layer) {
      open(
        paste("Errors back from layer", layer, "to layer", layer - 1L),
        rule_notes[[step$rule]],
        if (step$output_first) "They go through the new weights (update order output_first).",
        paste(
          "The blame that a neuron of the layer before has in an error is its part of the sizes",
          "of the weights; the shares of each error are added up too."
        )
      )
      before <- seq_len(step$layers[layer - 1L])
      for (k in chosen[[layer]]) {
        if (startsWith(step$rule, "proportional")) {
          denominator <- denominator_of(step, layer, k)
          add("denominator", denominator, denominator_formula(step, layer, k), layer, k)
        }
        blames <- blames_of(step, layer, k)
        for (j in before) {
          add("blame", blames[[j]], blame_formula(step, layer, k, j), layer, k, j)
        }
      }
      for (i in rows) {
        for (k in chosen[[layer]]) {
          shares <- shares_of(step, layer, k, i)
          for (j in before) {
            add("share", shares[[j]], share_formula(step, layer, k, j, i), layer, k, j)
          }
          all_shares <- sum_of_shares(step, layer, k, i)
          add("shares", all_shares, sum_of_shares_formula(step, layer, k, i), layer, k)
        }
        for (j in chosen[[layer - 1L]]) {
          e <- e_of(step, layer - 1L, j, i)
          add("error", e, error_formula(step, layer - 1L, j, i), layer - 1L, j)
        }
      }
    },
    update = function(layer) {
      open(
        paste("New weights and biases of layer", layer),
        optimizer_notes[[step$optimizer$settings$name]]
      )
      if (length(chosen[[layer]]) > 0L && !settings_written) {
        settings_written <<- TRUE
        for (setting in optimizer_settings(step)) add("setting", setting, setting)
      }
      for (k in chosen[[layer]]) {
        for (j in incoming(layer)) {
          move <- move_formula(step, layer, k, j)
          for (row in move$steps) add("optimizer", row[[1L]], row[[2L]], layer, k, j)
          old <- parameter_of(step, layer, k, j)
          new <- parameter_of(step, layer, k, j, new = TRUE)
          new$size <- max(old$size, move$size)
          add("update", new, difference(old, move$step), layer, k, j)
        }
      }
    },
    cost_after = function() {
      before <- whole_cost(step)
      after <- whole_cost(step, new = TRUE)
      change <- quantity("change", after$value - before$value, before$size + after$size)
      text <- shown(change$value, change$size)
      way <- if (!is.finite(change$value)) {
        "is no finite number any more"
      } else if (text == "0") {
        "stays the same"
      } else if (startsWith(text, "-")) {
        "falls"
      } else {
        "rises"
      }
      open(
        "Cost after the step",
        paste0("The same samples with the new weights: the cost ", way, ".")
      )
      output_errors("output_error_after", TRUE)
      costs("_after", TRUE)
      add("change", change, difference(after, before))
    }
  )
}

# The mean cost of the samples, with the penalty.
whole_cost <- function(step, new = FALSE) {
  costs <- sample_costs(step, new)
  value <- mean(vapply(costs, `[[`, 0, "value"))
  size <- mean(vapply(costs, `[[`, 0, "size"))
  if (step$decay > 0) {
    penalty <- penalty_of(step, new)
    value <- value + penalty$value
    size <- size + penalty$size
  }
  quantity("C", value, size, new = new)
}

explanation_title <- function(step) {
  settings <- step$optimizer$settings
  set_to <- vapply(setdiff(names(settings), "name"), function(name) {
    value <- settings[[name]]
    if (name != "learning_rate" && (isFALSE(value) || identical(as.double(value), 0))) {
      return("")
    }
    paste(name, paste(vapply(value, describe, ""), collapse = " and "))
  }, "")
  paste0(
    "One step of a ", paste(step$layers, collapse = "-"), " network (",
    paste(step$before$activations, collapse = ", "), ") on ", step$rows, " sample",
    if (step$rows > 1L) "s", ": cost ", step$cost, ", rule ", step$rule, ", update order ",
    step$update_order, ", optimizer ", settings$name, " (",
    paste(set_to[nzchar(set_to)], collapse = ", "), ")"
  )
}

# The optimiser's settings as its equations name them.
optimizer_settings <- function(step) {
  settings <- step$optimizer$settings
  found <- list(eta = settings$learning_rate)
  if (!is.null(settings$momentum) && settings$momentum > 0) found$mu <- settings$momentum
  for (name in intersect(c("alpha", "eps"), names(settings))) found[[name]] <- settings[[name]]
  if (!is.null(settings$betas)) {
    found$beta1 <- settings$betas[1L]
    found$beta2 <- settings$betas[2L]
    found$t <- step$optimizer$updates + 1
  }
  if (step$decay > 0) found$lambda <- step$decay
  unname(Map(setting_quantity, names(found), found))
}

gradient_notes <- function(step, layer) {
  several <- step$rows > 1L
  exact <- step$rule == "gradient" || layer == step$depth
  c(
    if (has_slope(step, layer)) {
      paste(
        "A delta is the error times the slope f' of the activation function, times the scale s",
        "that the cost puts on the errors."
      )
    } else {
      paste(
        "A delta is the error times the scale s; with cross_entropy the slope f' of the output",
        "layer is in the cost already."
      )
    },
    paste0(
      "The gradient of a weight is the delta of its neuron times the activation that came along it",
      if (several) ", the mean over the samples", "; that of a bias is the delta",
      if (several) ", likewise", "."
    ),
    if (!exact) paste0("With rule ", step$rule, " these are not the gradients of the cost.")
  )
}

rule_notes <- list(
  gradient = paste(
    "Rule gradient, the chain rule: along each weight goes back the error times f' times the",
    "weight, and what arrives at a neuron adds up to its error."
  ),
  transpose = paste(
    "Rule transpose: along each weight goes back the error times the weight, without f', and what",
    "arrives at a neuron adds up to its error."
  ),
  proportional = paste(
    "Rule proportional: each error is shared out in proportion to the weights, so that its shares",
    "add up to it, and what arrives at a neuron adds up to its error."
  ),
  proportional_abs = paste(
    "Rule proportional_abs: each error is shared out in proportion to the weights, over the sum of",
    "their sizes; its shares add up to it where no weight is below 0. What arrives at a neuron",
    "adds up to its error."
  )
)

optimizer_notes <- list(
  sgd = "Each weight moves against its gradient, by the learning rate eta times it.",
  momentum = "Each weight moves against a velocity v, in which former gradients live on.",
  nesterov = paste(
    "Each weight moves against its gradient and a velocity v, in which former gradients live on."
  ),
  rmsprop = paste(
    "Each weight moves against its gradient over the root of v, a running mean of squared",
    "gradients."
  ),
  adam = paste(
    "Each weight moves against m over the root of v, the running means of its gradient and of its",
    "squared gradient, both corrected for their start at 0."
  ),
  rprop = paste(
    "Each weight moves against the sign of its gradient by a step of its own, which grows while",
    "the sign stays and shrinks when it changes."
  )
)

# The equations as a data frame.
equation_table <- function(rows) {
  column <- function(name) {
    vapply(rows, function(row) {
      if (is.null(row[[name]])) NA_integer_ else as.integer(row[[name]])
    }, 0L)
  }
  text <- function(write) vapply(rows, write, "")
  data.frame(
    stage = text(function(row) row$stage),
    sample = column("sample"),
    layer = column("layer"),
    from = column("from"),
    to = column("to"),
    symbol = text(function(row) write_expression(row$quantity, in_text)),
    formula = text(function(row) write_expression(row$expression, in_text)),
    substitution = text(function(row) write_expression(row$expression, in_text, numbers = TRUE)),
    value = vapply(rows, function(row) row$quantity$value, 0),
    stringsAsFactors = FALSE
  )
}

# Smallest, mean and largest of each quantity in each layer.
layer_summaries <- function(step) {
  layers <- 2:step$depth
  row <- function(stage, layer, symbol, values, sizes) {
    size <- max(sizes)
    number <- function(value) quantity("", value, size)
    list(
      stage = stage, layer = layer, symbol = symbol, count = length(values),
      smallest = number(min(values)), mean = number(mean(values)), largest = number(max(values))
    )
  }
  sizes <- step$forward_sizes
  forward <- lapply(layers, function(layer) {
    l <- layer - 1L
    at <- paste0("[", layer, "]")
    list(
      row("weighted_sum", layer, paste0("z", at), step$forward$z[[l]], sizes$z[[l]]),
      row("activation", layer, paste0("a", at), step$forward$a[[layer]], sizes$a[[layer]])
    )
  })
  backward <- lapply(rev(layers), function(layer) {
    l <- layer - 1L
    at <- paste0("[", layer, "]")
    b <- step$backward
    back <- step$backward_sizes
    slope <- if (has_slope(step, layer)) {
      slope_sizes <- pmax(abs(step$slopes[[l]]), sizes$a[[layer]])
      list(row("derivative", layer, paste0("f'(z", at, ")"), step$slopes[[l]], slope_sizes))
    }
    stage <- if (layer == step$depth) "output_error" else "error"
    c(
      list(row(stage, layer, paste0("e", at), b$e[[l]], back$e[[l]])),
      slope,
      list(
        row("delta", layer, paste0("delta", at), b$delta[[l]], back$delta[[l]]),
        row("gradient", layer, paste0("dC/dW", at), b$grad_weights[[l]], back$grad_weights[[l]]),
        row("gradient", layer, paste0("dC/db", at), b$grad_biases[[l]], back$grad_biases[[l]])
      )
    )
  })
  update <- lapply(layers, function(layer) {
    w <- step$after$weights[[layer - 1L]]
    b <- step$after$biases[[layer - 1L]]
    list(
      row("update", layer, paste0("new W[", layer, "]"), w, abs(w)),
      row("update", layer, paste0("new b[", layer, "]"), b, abs(b))
    )
  })
  unlist(c(forward, backward, update), recursive = FALSE)
}

summary_table <- function(layers) {
  number <- function(name) vapply(layers, function(row) row[[name]]$value, 0)
  data.frame(
    stage = vapply(layers, `[[`, "", "stage"),
    layer = vapply(layers, `[[`, 0L, "layer"),
    symbol = vapply(layers, `[[`, "", "symbol"),
    count = vapply(layers, `[[`, 0L, "count"),
    smallest = number("smallest"), mean = number("mean"), largest = number("largest"),
    stringsAsFactors = FALSE
  )
}
