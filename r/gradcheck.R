# Backpropagation checked against differences. Twins: python/twinprop/gradcheck.py,
# inst/js/gradcheck.js
#
# Section 11 of the contract. The differences are of the exact mean cost and use no derivative at
# all, so they judge backpropagation from outside. A sample is a column, as in backprop.R.

# The largest move of a net input z, relative to max(1, abs(z)). A central difference errs by step^2
# (cut off) and by rounding / step; the two are alike at the cube root of float64's 2^-52. A power
# of two, so that w + h and w - h seldom round.
check_step <- 2^-17

# A step is never smaller beside abs(w): half of the 52 bits of w are left to it.
smallest_step <- 2^-26

# The largest relative error that passes. Cutting off errs by about check_step^2 / 6 = 1e-11 and
# what curvature makes of it; a forgotten factor, sign or sample errs by 1e-3 and more.
check_tolerance <- 1e-6

# Errors are judged beside at least this share of the layer's largest derivative: what samples that
# cancel leave over is no more precise than they are.
small_share <- 1e-3

# How many roundings, of 2^-52 of the cost, a difference of two costs may hold.
cost_roundings <- 20

# What cutting off may leave, in moves of the net inputs (check_step) times the difference of slopes
# between the two ends: the third derivative of these costs is at most 6 times the second, over 6.
# It counts where the gradient vanishes, as in a perfect fit.
cutting <- 10

# How many of the worst are shown.
most_worst <- 5L

# Room for rounding before a choice between two powers: 2 and 1.999999999 must choose alike.
rounding_room <- 1e-6

#' Check the gradient
#'
#' Checks every weight and bias of backpropagation against central differences of the mean cost.
#'
#' The network is left as it is. Each weight has a step of its own: as large as moves no net input
#' by more than 2^-17 of its size (or of 1). The relative error is the absolute one divided by the
#' larger of the two derivatives, but at least by a thousandth of the layer's largest derivative,
#' and at least by 1e6 times what the difference may err; it passes up to 1e-6. A weight is at a
#' kink if a net input of relu or leaky_relu is on different sides of 0 at the two ends of the
#' difference: there the difference is no derivative, and the weight is left out of the verdict.
#'
#' It takes two or four forward passes for every weight: for small networks and few samples.
#'
#' @inheritParams tp_step
#' @param network A network made by [tp_network()]; or a fit made by [twinprop()] with x and d as it
#'   takes them: the response may be part of x, and the cost is that of the fit if none is given.
#' @param x The inputs (n, n_1), rows are samples: a matrix or data frame of numbers; for `print()`
#'   what `tp_check_gradient()` returned.
#' @param weight_decay lambda of the penalty lambda / 2 * sum of W^2: a number >= 0.
#' @param ... Not used.
#' @return A list of class `tp_gradient_check`:
#'   \describe{
#'     \item{table}{A data frame, a row for each weight and bias, with the columns `layer` (into
#'       which it leads), `from` (NA for a bias), `to`, `parameter` (`"weight"` or `"bias"`),
#'       `backprop`, `difference`, `absolute`, `relative`, `kink`, `passes` (NA at a kink).}
#'     \item{passes}{Whether every weight and bias that is not at a kink passes, and there is one.}
#'     \item{verdict}{The result in a line.}
#'     \item{worst}{The worst five rows of the table, those that fail first.}
#'     \item{largest_relative}{The largest relative error of those that are not at a kink.}
#'     \item{cosine, length_ratio}{Cosine between the whole gradient of backpropagation and that of
#'       the differences, and the length of the one divided by the length of the other, kinks left
#'       out.}
#'     \item{warning}{The warning that was given, or NULL.}
#'     \item{text}{What is printed: the verdict and the worst five.}
#'   }
#' @section Errors: `twinprop_input_error` if an argument is not as described;
#'   `twinprop_denominator_error` if a rule has to divide by a sum of weights of 0 or nearly 0;
#'   `twinprop_divergence_error` if the cost is NaN or Inf at the network's weights.
#' @section Warnings: a condition of class `twinprop_warning` if a rule other than `"gradient"`
#'   fails: that it is not expected to pass, and by how much it fails.
#' @references Nocedal, J. and Wright, S. J. (2006). *Numerical optimization*, section 8.1.
#'   Springer.
#' @examples
#' network <- tp_network(c(2, 3, 1), "tanh")
#' check <- tp_check_gradient(network, rbind(c(0, 1), c(1, 1)), cbind(c(1, 0)))
#' check$passes
#' check
#' names(check$table)
#'
#' # of a fit, with its own data
#' fit <- twinprop(Species ~ ., data = iris, hidden = 3, seed = 1)
#' tp_check_gradient(fit, iris[c(1, 51, 101), ])$verdict
#' @export
tp_check_gradient <- function(network, x, d, cost = "half_mse", rule = "gradient",
                              weight_decay = 0) {
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
  weight_decay <- check_number(weight_decay, "weight_decay")
  samples <- check_samples(x, d, network, cost)

  differences <- central_differences(network, t(samples$x), t(samples$d), cost, weight_decay)
  backward <- tp_backward(network, tp_forward(network, samples$x), samples$d, cost, rule)
  penalised <- Map(
    function(gradient, w) gradient + weight_decay * w, backward$grad_weights, network$weights
  )
  backprop <- in_order(penalised, backward$grad_biases)
  places <- parameter_places(network$layers)
  floor <- smallest_size(differences, places$layer)
  table <- cbind(places, compare_gradients(backprop, differences, floor))
  judge_gradient(network, table, floor, cost, rule, weight_decay)
}

# The layers' weights, row by row, and biases in the order of the table.
in_order <- function(weights, biases) {
  unlist(Map(function(w, b) c(t(w), b), weights, biases))
}

# The rows of the table: layer by layer the weights, row by row, then the biases.
parameter_places <- function(layers) {
  do.call(rbind, lapply(seq_along(layers)[-1L], function(layer) {
    n_in <- layers[layer - 1L]
    n_out <- layers[layer]
    data.frame(
      layer = layer,
      from = c(rep(seq_len(n_in), n_out), rep(NA_integer_, n_out)),
      to = c(rep(seq_len(n_out), each = n_in), seq_len(n_out)),
      parameter = rep(c("weight", "bias"), c(n_in * n_out, n_out)),
      stringsAsFactors = FALSE
    )
  }))
}

# The central differences of the exact mean cost by every weight and bias, in the order of the
# table: `value`; `kink`, whether a net input of relu or leaky_relu is on different sides of 0 at
# the two ends; `error`, how much of each value may be rounding and what is cut off. x
# (n_1, n), d (n_L, n).
central_differences <- function(network, x, d, cost, weight_decay) {
  method <- find_method(network, cost)
  depth <- length(network$weights)
  smooth <- vapply(activations[network$activations], `[[`, NA, "smooth")

  # From layer l + 1, with the activations a[l], to the outputs: the mean cost and the net inputs.
  measure <- function(of, l, inputs) {
    after <- l:depth
    forward <- forward_pass(
      inputs, of$weights[after], of$biases[after],
      list(values = method$values[after], arithmetic = method$arithmetic)
    )
    z <- forward$z
    a <- forward$a
    total <- method$total_cost(a[[length(a)]] - d, z[[length(z)]], d)
    list(cost = total / ncol(d) + penalty(of$weights, weight_decay), z = z, a = a)
  }
  start <- measure(network, 1L, x)
  if (!is.finite(start$cost)) {
    divergence_error(
      "the cost is NaN or Inf at these weights: standardise the inputs or use smaller weights"
    )
  }
  outputs <- output_rounding(start, d, cost) * method$scale

  difference <- function(part, l, k) {
    value <- network[[part]][[l]][[k]]
    side <- function(to) {
      moved <- network
      moved[[part]][[l]][[k]] <- to
      measure(moved, l, start$a[[l]])
    }
    h <- first_step(value)
    low <- side(value - h)
    high <- side(value + h)
    smaller <- fitting_step(h, value, low$z, high$z, start$z[l:depth])
    if (smaller < h) {
      h <- smaller
      low <- side(value - h)
      high <- side(value + h)
    }
    rounding <- cost_roundings * 2^-52 * (max(low$cost, high$cost) + outputs)
    cut_off <- cutting * check_step * abs(low$cost - 2 * start$cost + high$cost)
    list(
      # the width as it was rounded
      value = (high$cost - low$cost) / ((value + h) - (value - h)),
      kink = crosses_zero(low$z, high$z, !smooth[l:depth]),
      error = (rounding + cut_off) / h
    )
  }
  found <- lapply(seq_len(depth), function(l) {
    # a matrix lies by column here, in the table by row
    by_row <- t(matrix(seq_along(network$weights[[l]]), nrow(network$weights[[l]])))
    c(
      lapply(by_row, function(k) difference("weights", l, k)),
      lapply(seq_along(network$biases[[l]]), function(k) difference("biases", l, k))
    )
  })
  found <- unlist(found, recursive = FALSE)
  list(
    value = vapply(found, `[[`, 0, "value"),
    kink = vapply(found, `[[`, NA, "kink"),
    error = vapply(found, `[[`, 0, "error")
  )
}

# How far a relative change of the outputs moves the mean cost, before its scale s. A squared cost
# forgets the size of a in e = a - d; a cross entropy that of z in its sum.
output_rounding <- function(forward, d, cost) {
  z <- forward$z[[length(forward$z)]]
  a <- forward$a[[length(forward$a)]]
  size <- if (cost == "cross_entropy") abs(z) else abs(a - d) * pmax(abs(z), abs(a))
  sum(size) / ncol(d)
}

# The power of two at or below abs(value), 0 for 0.
power_below <- function(value) {
  if (value == 0) 0 else 2^floor(log2(abs(value)))
}

# The step to try: relative to the parameter, or to 1 if that is larger.
first_step <- function(value) {
  check_step * max(1, power_below(value))
}

# h made small enough that no net input moves by more than check_step of its size.
fitting_step <- function(h, value, low, high, start) {
  moves <- mapply(function(below, above, z) {
    max(abs(above - below) / (2 * pmax(1, abs(z))))
  }, low, high, start)
  ratio <- max(moves) / check_step
  if (!is.finite(ratio) || ratio <= 1 + rounding_room) {
    return(h)
  }
  max(h * 2^-ceiling(log2(ratio) - rounding_room), smallest_step * power_below(value))
}

# Whether a net input of a layer with a kink is on different sides of 0.
crosses_zero <- function(low, high, kinked) {
  any(unlist(Map(function(below, above) (below > 0) != (above > 0), low[kinked], high[kinked])))
}

# The size that each error is judged beside at least.
smallest_size <- function(differences, layer) {
  sizes <- ifelse(differences$kink | !is.finite(differences$value), 0, abs(differences$value))
  largest <- stats::ave(sizes, layer, FUN = max)
  pmax(differences$error / check_tolerance, small_share * largest)
}

# The table's columns of numbers.
compare_gradients <- function(backprop, differences, floor) {
  difference <- differences$value
  absolute <- abs(backprop - difference)
  relative <- ifelse(
    absolute == 0, 0, absolute / pmax(abs(backprop), abs(difference), floor)
  )
  # what is no number does not pass
  relative[!is.finite(absolute)] <- Inf
  passes <- relative <= check_tolerance
  passes[differences$kink] <- NA
  data.frame(
    backprop = backprop, difference = difference, absolute = absolute, relative = relative,
    kink = differences$kink, passes = passes
  )
}

# The rows that fail first, by relative error as shown; then those that pass, then kinks. What
# passes differs by rounding only, which differs from language to language: in the table's order.
worst_first <- function(table) {
  fails <- !table$kink & !table$passes
  shown <- as.double(sprintf("%.2e", table$relative))
  order(ifelse(table$kink, 2, !fails), ifelse(fails, -shown, 0), seq_along(fails))
}

# What the table means.
judge_gradient <- function(network, table, floor, cost, rule, weight_decay) {
  fails <- !table$kink & !table$passes
  judged <- table[!table$kink, ]
  largest <- max(0, judged$relative)
  similar <- alike(judged$backprop, judged$difference)
  order <- worst_first(table)
  verdict <- gradient_verdict(table, sum(fails), order[1L])
  warning <- if (rule != "gradient" && any(fails)) {
    paste0(
      "rule \"", rule, "\" is not the gradient, so it is not expected to pass: the largest ",
      "relative error is ", shown_number(largest, "%.2e"), "; of the whole gradient the cosine is ",
      shown_number(similar$cosine, "%.3f"), " and the length ratio ",
      shown_number(similar$length_ratio, "%.2e")
    )
  }
  if (!is.null(warning)) give_warning(warning)
  title <- paste0(
    "Gradient check of a ", paste(network$layers, collapse = "-"), " network (",
    paste(network$activations, collapse = ", "), "), cost ", cost, ", rule ", rule,
    if (weight_decay > 0) paste0(", weight decay ", describe(weight_decay))
  )
  worst <- table[order[seq_len(min(most_worst, nrow(table)))], ]
  rownames(worst) <- NULL
  structure(
    list(
      table = table,
      passes = !any(fails) && !all(table$kink),
      verdict = verdict,
      worst = worst,
      largest_relative = largest,
      cosine = similar$cosine,
      length_ratio = similar$length_ratio,
      warning = warning,
      text = paste(
        c(title, verdict, warning, "", worst_lines(worst, floor[order], nrow(table))),
        collapse = "\n"
      )
    ),
    class = "tp_gradient_check"
  )
}

# The cosine between two gradients, and the first one's length by the second's.
alike <- function(backprop, difference) {
  p <- sqrt(sum(backprop^2))
  q <- sqrt(sum(difference^2))
  list(cosine = sum(backprop * difference) / (p * q), length_ratio = p / q)
}

gradient_verdict <- function(table, failing, worst) {
  count <- nrow(table)
  kinks <- sum(table$kink)
  judged <- count - kinks
  left_out <- if (kinks > 0) paste0(" ", kinks, " at a kink left out.")
  if (judged == 0) {
    return(paste0("NOT CHECKED: all ", count, " weights and biases are at a kink."))
  }
  if (failing > 0) {
    return(paste0(
      "FAILS: ", failing, " of ", judged, " weights and biases differ, the most the ",
      parameter_name(table[worst, ]), " (relative error ",
      shown_number(table$relative[worst], "%.2e"), ").", left_out
    ))
  }
  paste0(
    "PASSES: backpropagation and central differences agree in all ", judged, " weights and ",
    "biases (relative errors up to ", sprintf("%.0e", check_tolerance), ").", left_out
  )
}

parameter_name <- function(row) {
  if (row$parameter == "bias") {
    return(paste0("bias of neuron ", row$to, " of layer ", row$layer))
  }
  paste0(
    "weight from neuron ", row$from, " of layer ", row$layer - 1L, " to neuron ", row$to,
    " of layer ", row$layer
  )
}

# A number, or the name of what is none.
shown_number <- function(value, format) {
  if (is.finite(value)) sprintf(format, value) else describe(value)
}

# A derivative without the digits that are rounding: to a thousandth of the floor.
snapped <- function(value, floor) {
  if (is.finite(value) && is.finite(floor) && floor > 0) {
    unit <- 10^(floor(log10(floor * (1 + rounding_room))) - 3)
    value <- round(value / unit) * unit + 0
  }
  shown_number(value, "%.4e")
}

# The worst rows as a table.
worst_lines <- function(worst, floor, of) {
  fails <- isFALSE(worst$passes[1L])
  which <- if (fails) "The worst" else "None fails; the first"
  head <- sprintf(
    "%5s%6s%6s  %-9s%13s%13s%11s  %-4s  %s", "layer", "from", "to", "parameter", "backprop",
    "difference", "relative", "kink", "passes"
  )
  rows <- vapply(seq_len(nrow(worst)), function(i) {
    row <- worst[i, ]
    small <- row$relative <= check_tolerance
    sprintf(
      "%5d%6s%6d  %-9s%13s%13s%11s  %-4s  %s", row$layer,
      if (is.na(row$from)) "-" else as.character(row$from), row$to, row$parameter,
      snapped(row$backprop, floor[i]), snapped(row$difference, floor[i]),
      if (small) "<= 1e-06" else shown_number(row$relative, "%.2e"),
      if (row$kink) "yes" else "no",
      if (row$kink) "-" else if (row$passes) "yes" else "no"
    )
  }, "")
  c(paste0(which, " ", nrow(worst), " of ", of, ":"), head, rows)
}

#' @rdname tp_check_gradient
#' @export
print.tp_gradient_check <- function(x, ...) {
  cat(x$text, "\n", sep = "")
  invisible(x)
}
