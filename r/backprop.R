# The rules and one step, forward, backward, update. Twins: python/twinprop/backprop.py,
# inst/js/backprop.js
#
# Sections 1 to 4 of the contract. There a sample is a row; in the functions on arrays below it is a
# column, because R recycles the biases down the columns of W a: what a user gives or gets is
# transposed at the door, so z[l] here is the contract's z[l] transposed. Lists over the layers 2..L
# are indexed from 1: weights[[1]] leads into layer 2.

# A denominator this small beside the sum of the weights' sizes counts as vanishing: what is left of
# it after cancellation has lost six of its sixteen digits.
vanishing <- 1e-6

update_orders <- c("simultaneous", "output_first")

# A rule, given (weights, e, g, layer, arithmetic), gives e[l-1], (n_{l-1}, n), from W[l], e[l] and
# g[l] = e[l] * f_l'(z[l]).
rules <- list(
  # the chain rule
  gradient = function(weights, e, g, layer, arithmetic) arithmetic$send_back(weights, g),
  # without f'
  transpose = function(weights, e, g, layer, arithmetic) arithmetic$send_back(weights, e),
  # e[l-1]_j = sum_k e_k W_kj / sum_j W_kj
  proportional = function(weights, e, g, layer, arithmetic) {
    arithmetic$send_back(shares(weights, weights, layer, "proportional", arithmetic), e)
  },
  # e[l-1]_j = sum_k e_k W_kj / sum_j abs(W_kj)
  proportional_abs = function(weights, e, g, layer, arithmetic) {
    arithmetic$send_back(shares(weights, abs(weights), layer, "proportional_abs", arithmetic), e)
  }
)

# Each row of weights by its denominator, the sum of that row of `parts`.
shares <- function(weights, parts, layer, rule, arithmetic) {
  # what sums a row's samples sums a row's weights
  denominators <- arithmetic$sum_samples(parts)
  sizes <- arithmetic$sum_samples(abs(weights))
  neuron <- which(abs(denominators) <= vanishing * sizes)
  if (length(neuron) > 0L) vanished(rule, neuron[1L], layer)
  weights / denominators
}

vanished <- function(rule, neuron, layer) {
  denominator_error(
    "rule \"", rule, "\": the weights into neuron ", neuron, " of layer ", layer,
    " sum to 0 or nearly 0, so its error cannot be shared out; try ",
    if (rule == "proportional") "rule \"proportional_abs\" or ", "other starting weights"
  )
}

# The functions behind the names, looked up once, before any loop.
find_method <- function(network, cost, rule = "gradient", arithmetic = "fast") {
  table <- activations[network$activations]
  arithmetic <- arithmetics[[arithmetic]]
  found <- cost_functions(cost, output_activation(network), arithmetic)
  list(
    layers = network$layers, activations = network$activations, cost = cost,
    values = lapply(table, `[[`, "value"),
    derivatives = lapply(table, `[[`, "derivative"),
    # with cross_entropy dC/dz = s e: the output layer's f' is already in the cost
    output_derivative = cost != "cross_entropy",
    total_cost = found$total,
    scale = found$scale(network$layers[length(network$layers)]),
    send_back = rules[[rule]],
    arithmetic = arithmetic
  )
}

# z and a of every layer (section 1); x (n_1, n). `masks`, if there is dropout, is a list over the
# hidden layers of what their activations are multiplied by: a matrix (n_l, n), or 1.
forward_pass <- function(x, weights, biases, method, masks = NULL) {
  depth <- length(weights)
  values <- method$values
  arithmetic <- method$arithmetic
  weighted_sums <- arithmetic$weighted_sums
  z <- vector("list", depth)
  a <- vector("list", depth + 1L)
  a[[1L]] <- fed <- x
  for (l in seq_len(depth)) {
    z[[l]] <- weighted_sums(weights[[l]], fed) + biases[[l]]
    a[[l + 1L]] <- fed <- values[[l]](z[[l]], arithmetic)
    if (!is.null(masks) && l < depth) fed <- fed * masks[[l]]
  }
  list(z = z, a = a)
}

# e, delta and the gradients of every layer (section 3); d (n_L, n).
#
# `after_layer(l, grad_weights, grad_biases)` is called when the gradients of weights[[l]] are there
# and before the error goes back through them; it returns the weights to send it through: update
# order "output_first" moves them in it. `masks` are those of the forward pass; `sample_weight` (n)
# weighs the samples in the gradients, which are means over `n`.
backward_pass <- function(forward, d, weights, method, after_layer = NULL, masks = NULL,
                          sample_weight = NULL, n = dim(d)[2L]) {
  z <- forward$z
  a <- forward$a
  derivatives <- method$derivatives
  scale <- method$scale
  arithmetic <- method$arithmetic
  outer_sums <- arithmetic$outer_sums
  sum_samples <- arithmetic$sum_samples
  depth <- length(weights)
  e <- vector("list", depth)
  delta <- vector("list", depth)
  grad_weights <- vector("list", depth)
  grad_biases <- vector("list", depth)
  e[[depth]] <- a[[depth + 1L]] - d
  for (l in depth:1L) {
    g <- if (l < depth || method$output_derivative) {
      e[[l]] * derivatives[[l]](z[[l]], a[[l + 1L]], arithmetic)
    } else {
      e[[l]]
    }
    delta[[l]] <- weighted <- scale * g
    if (!is.null(sample_weight)) {
      weighted <- weighted * rep(sample_weight, each = dim(weighted)[1L])
    }
    fed <- a[[l]]
    if (!is.null(masks) && l > 1L) fed <- fed * masks[[l - 1L]]
    if (n == 1L) {
      grad_weights[[l]] <- outer_sums(weighted, fed)
      grad_biases[[l]] <- 0 + drop(weighted) # as sums start
    } else {
      grad_weights[[l]] <- outer_sums(weighted, fed) / n
      grad_biases[[l]] <- sum_samples(weighted) / n
    }
    w <- if (is.null(after_layer)) {
      weights[[l]]
    } else {
      after_layer(l, grad_weights[[l]], grad_biases[[l]])
    }
    if (l > 1L) {
      e[[l - 1L]] <- method$send_back(w, e[[l]], g, l + 1L, arithmetic)
      if (!is.null(masks)) e[[l - 1L]] <- e[[l - 1L]] * masks[[l - 1L]]
    }
  }
  list(e = e, delta = delta, grad_weights = grad_weights, grad_biases = grad_biases)
}

# The masks of a batch's dropout, drawn layer by layer and sample by sample: a list over the hidden
# layers; 1 for a layer without dropout.
draw_masks <- function(rates, units, n, uniform) {
  Map(function(rate, n_l) {
    if (rate == 0) 1 else matrix((uniform(n_l * n) >= rate) / (1 - rate), n_l, n)
  }, rates, units)
}

# One update of the parameters (weights, biases and the optimiser's memory; see optimizers.R) by the
# samples x and d.
one_update <- function(parameters, x, d, method, move, update_order, masks = NULL,
                       sample_weight = NULL, clip_norm = NULL) {
  forward <- forward_pass(x, parameters$weights, parameters$biases, method, masks)
  parameters$updates <- parameters$updates + 1
  if (update_order == "simultaneous") {
    backward <- backward_pass(
      forward, d, parameters$weights, method, NULL, masks, sample_weight
    )
    if (!is.null(clip_norm)) {
      backward <- clip_gradient(backward, clip_norm, method$arithmetic)
    }
    parameters <- move_layers(
      parameters, seq_along(parameters$weights), backward$grad_weights, backward$grad_biases, move
    )
  } else {
    backward <- backward_pass(
      forward, d, parameters$weights, method,
      function(l, grad_weights, grad_biases) {
        of_weights <- vector("list", l)
        of_weights[[l]] <- grad_weights
        of_biases <- vector("list", l)
        of_biases[[l]] <- grad_biases
        parameters <<- move_layers(parameters, l, of_weights, of_biases, move)
        parameters$weights[[l]]
      },
      masks, sample_weight
    )
  }
  list(parameters = parameters, forward = forward, backward = backward)
}

# The same in chunks of samples, the gradients' parts added up in their order: no array is as long
# as the batch, whose samples are the columns `rows` of x and d. Also returns the samples' summed
# cost.
update_in_chunks <- function(parameters, x, d, rows, method, move, masks = NULL,
                             sample_weight = NULL, clip_norm = NULL) {
  n <- length(rows)
  depth <- length(parameters$weights)
  cost <- 0
  sums <- NULL
  for (chunk in method$arithmetic$chunks(n)) {
    d_part <- d[, rows[chunk], drop = FALSE]
    masks_part <- lapply(masks, function(mask) {
      if (is.matrix(mask)) mask[, chunk, drop = FALSE] else mask
    })
    if (is.null(masks)) masks_part <- NULL
    forward <- forward_pass(
      x[, rows[chunk], drop = FALSE], parameters$weights, parameters$biases, method, masks_part
    )
    weight <- sample_weight[chunk]
    backward <- backward_pass(
      forward, d_part, parameters$weights, method, NULL, masks_part, weight, n
    )
    cost <- cost + method$total_cost(backward$e[[depth]], forward$z[[depth]], d_part, weight)
    sums <- if (is.null(sums)) {
      backward[c("grad_weights", "grad_biases")]
    } else {
      list(
        grad_weights = Map(`+`, sums$grad_weights, backward$grad_weights),
        grad_biases = Map(`+`, sums$grad_biases, backward$grad_biases)
      )
    }
  }
  if (!is.null(clip_norm)) sums <- clip_gradient(sums, clip_norm, method$arithmetic)
  parameters$updates <- parameters$updates + 1
  parameters <- move_layers(
    parameters, seq_len(depth), sums$grad_weights, sums$grad_biases, move
  )
  list(parameters = parameters, cost = cost)
}

#' One step in three verbs: forward, backward, update
#'
#' `tp_forward()` computes every layer's weighted sums and activations, `tp_backward()` the errors
#' and gradients, `tp_update()` moves the weights. `tp_step()` is all three, in either update order.
#' They and [tp_train()] run the same code.
#'
#' @param network A network made by [tp_network()].
#' @param x The inputs (n, n_1), rows are samples: a matrix or data frame of numbers.
#' @param d The desired outputs (n, K), rows are samples; for one output a vector will do.
#' @param forward What `tp_forward()` returned.
#' @param cost `"half_mse"`, `"half_sse"`, `"mse"` or `"cross_entropy"`; see [tp_costs()].
#' @param rule How the error reaches the layer before: `"gradient"`, `"transpose"`,
#'   `"proportional"` or `"proportional_abs"`; see [tp_rules()].
#' @param gradients What `tp_backward()` returned, or a list with `grad_weights` and `grad_biases`.
#' @param optimizer What [tp_optimizer()] returned, or the name of an optimiser with its defaults.
#' @param update_order `"simultaneous"`: all gradients exist before any weight moves.
#'   `"output_first"`: the output layer's weights move before the error is sent back through them.
#' @param arithmetic `"fast"` or `"portable"`: the machine's own sums and elementary functions, or
#'   those that give the same bits on every computer and in every language (section 19 of the
#'   contract).
#' @return
#' * `tp_forward()`: a list of class `tp_forward`: `z`, a list over the layers 2..L of the weighted
#'   sums (n, n_l); `a`, a list over the layers 1..L of the activations (n, n_l), `a[[1]]` is x.
#' * `tp_backward()`: a list of class `tp_backward`, lists over the layers 2..L: `e`, the errors
#'   (n, n_l); `delta` (n, n_l), dC/dz of each sample when the rule is `"gradient"`; `grad_weights`,
#'   matrices (n_l, n_{l-1}), and `grad_biases`, vectors (n_l): means over the samples. The
#'   gradients are those of the data's cost; weight decay is added by the optimiser.
#' * `tp_update()`: a list of `network` and `optimizer`, both as they are after the update.
#' * `tp_step()`: a list of `network`, `optimizer`, `forward` and `backward`.
#' @section Errors: `twinprop_input_error` for arguments that do not fit;
#'   `twinprop_denominator_error` if a rule that divides by a sum of weights meets a sum of 0 or
#'   nearly 0.
#' @references Rumelhart, D. E., Hinton, G. E. and Williams, R. J. (1986). Learning representations
#'   by back-propagating errors. *Nature* 323.
#' @examples
#' network <- tp_network(c(2, 3, 1))
#' x <- rbind(c(0, 1), c(1, 1))
#' d <- cbind(c(1, 0))
#'
#' forward <- tp_forward(network, x)
#' backward <- tp_backward(network, forward, d)
#' backward$grad_weights
#' moved <- tp_update(network, backward, tp_optimizer("sgd"))
#'
#' # the same in one call
#' step <- tp_step(network, x, d)
#' identical(step$network, moved$network)
#' @name tp_step
NULL

#' @rdname tp_step
#' @export
tp_forward <- function(network, x, arithmetic = "fast") {
  check_network(network)
  arithmetic <- check_arithmetic(arithmetic)
  x <- check_matrix(x, "x", network$layers[1L])
  # what it costs is not asked here
  method <- find_method(network, "half_mse", arithmetic = arithmetic)
  as_forward(forward_pass(t(x), network$weights, network$biases, method))
}

#' @rdname tp_step
#' @export
tp_backward <- function(network, forward, d, cost = "half_mse", rule = "gradient",
                        arithmetic = "fast") {
  check_network(network)
  check_forward(forward, network)
  cost <- check_cost(cost, network)
  rule <- check_choice(rule, "rule", names(rules))
  arithmetic <- check_arithmetic(arithmetic)
  d <- check_samples(forward$a[[1L]], d, network, cost)$d
  method <- find_method(network, cost, rule, arithmetic)
  columns <- list(z = lapply(forward$z, t), a = lapply(forward$a, t))
  as_backward(backward_pass(columns, t(d), network$weights, method))
}

#' @rdname tp_step
#' @export
tp_update <- function(network, gradients, optimizer = tp_optimizer("sgd"), arithmetic = "fast") {
  check_network(network)
  if (!is.list(gradients)) {
    input_error("gradients must be what tp_backward() returned, got ", describe(gradients))
  }
  layers <- network$layers
  grad_weights <- check_weights(gradients$grad_weights, "grad_weights", layers)
  grad_biases <- check_biases(lapply(gradients$grad_biases, from_r), "grad_biases", layers)
  optimizer <- as_optimizer(optimizer)
  arithmetic <- check_arithmetic(arithmetic)
  parameters <- as_parameters(network, optimizer)
  parameters$updates <- parameters$updates + 1
  parameters <- move_layers(
    parameters, seq_along(grad_weights), grad_weights, grad_biases,
    find_move(optimizer, arithmetic)
  )
  list(
    network = with_parameters(network, parameters),
    optimizer = with_memory(optimizer, parameters)
  )
}

#' @rdname tp_step
#' @export
tp_step <- function(network, x, d, cost = "half_mse", rule = "gradient",
                    update_order = "simultaneous", optimizer = tp_optimizer("sgd"),
                    arithmetic = "fast") {
  check_network(network)
  cost <- check_cost(cost, network)
  rule <- check_choice(rule, "rule", names(rules))
  update_order <- check_choice(update_order, "update_order", update_orders)
  arithmetic <- check_arithmetic(arithmetic)
  optimizer <- as_optimizer(optimizer)
  samples <- check_samples(x, d, network, cost)
  step <- one_update(
    as_parameters(network, optimizer), t(samples$x), t(samples$d),
    find_method(network, cost, rule, arithmetic), find_move(optimizer, arithmetic), update_order
  )
  list(
    network = with_parameters(network, step$parameters),
    optimizer = with_memory(optimizer, step$parameters),
    forward = as_forward(step$forward),
    backward = as_backward(step$backward)
  )
}

# Refuse what is no forward pass of this network.
check_forward <- function(forward, network) {
  if (!inherits(forward, "tp_forward")) {
    input_error("forward must be what tp_forward() returned, got ", describe(forward))
  }
  units <- vapply(forward$a, ncol, 0L)
  if (!identical(units, network$layers)) {
    input_error(
      "forward must be of a network of layers ", paste(network$layers, collapse = "-"), ", got ",
      paste(units, collapse = "-")
    )
  }
}

# A column per sample becomes a row per sample.
as_forward <- function(forward) {
  structure(list(z = lapply(forward$z, t), a = lapply(forward$a, t)), class = "tp_forward")
}

as_backward <- function(backward) {
  structure(
    list(
      e = lapply(backward$e, t), delta = lapply(backward$delta, t),
      grad_weights = backward$grad_weights, grad_biases = backward$grad_biases
    ),
    class = "tp_backward"
  )
}

#' The backpropagation rules
#'
#' How the error reaches the layer before (section 3 of the contract, `docs/contract.md`):
#' `"gradient"`, the chain rule; `"transpose"`, the error sent back through the transpose, without
#' f'; `"proportional"`, each error shared out in proportion to the weights; `"proportional_abs"`,
#' the same with denominators that cannot cancel.
#'
#' @return A named list of functions `rule(weights, e, g)`: from W\[l\] (n_l, n_{l-1}), the error
#'   e\[l\] (n, n_l) and g\[l\] = e\[l\] f'(z\[l\]) (n, n_l) they give e\[l-1\] (n, n_{l-1}); rows
#'   are samples.
#' @section Errors: the functions raise `twinprop_denominator_error` if a denominator is 0 or nearly
#'   0.
#' @examples
#' names(tp_rules())
#' weights <- rbind(c(1, 3), c(2, 2))
#' tp_rules()$proportional(weights, e = cbind(1, 0.5), g = NULL)
#' @export
tp_rules <- function() {
  lapply(rules, function(rule) {
    function(weights, e, g, layer = 2L) {
      t(rule(weights, t(e), if (!is.null(g)) t(g), layer, arithmetics$fast))
    }
  })
}
