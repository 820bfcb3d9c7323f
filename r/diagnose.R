# Why a training did not learn. Twins: python/twinprop/diagnose.py, inst/js/diagnose.js
#
# Section 14 of the contract. Each finding has a function of its own, which looks at the facts and
# says nothing unless the evidence is there; the code that mends it comes from mends.R. A sample is
# a row here, as in what users give and get.

# A cost is clearly below that of the best constant prediction if it is below this share of it: what
# there is to find in data is mostly more than 1 %, and noise about a plateau is less.
learned_share <- 0.99

# A training of fewer updates is given no warning: it is a look at the first steps, not a training.
fewest_updates <- 100

# A column of x is scaled if its root mean square lies between these. The curvature of the cost
# grows with the square of the inputs: beyond a factor of 10 from 1, a learning rate that suits one
# column is 100 times too large or too small for another, and units of weights about 1 saturate.
smallest_input <- 0.01
largest_input <- 10

# A unit is saturated on a sample if f' is below this share of its largest value: a weight then
# needs 100 updates to move as far as it could in one.
tiny_slope <- 0.01

# On how many samples a saturated unit has to be so: a few that are not can still move it.
nearly_all <- 0.95

# The largest f' of the bounded activations, at z = 0.
largest_slopes <- c(sigmoid = 0.25, tanh = 1)

# The cost rises or swings if it does so by this share of what there is to learn: ten times what
# counts as having learned, and above the noise of the epochs of a training that goes well.
rough_share <- 0.1

# A cost swings if it rises in at least this share of the epochs; one that falls in steps does not.
rises_share <- 0.25

# The cost still falls if the last tenth of the epochs lowered it by this share of what there is to
# learn: at that pace the next as many epochs bring another tenth of it.
falls_share <- 0.01

# A lower cost is reachable if a few steps lower it by this share of what there is to learn.
reachable_share <- 0.01

# How many steps are tried for it, each of which has to lower the cost: a learning rate that is too
# large lowers it once by luck, not ten times.
trial_steps <- 10

# The longest steps that are tried: 10 to this power times the moves of an epoch.
longest_step <- 6

# Classes are unbalanced if the largest has this many times the samples of the smallest: a network
# that never answers with the small one is then right on 10 of 11.
unbalanced <- 10

# Weights are the same if they differ by at most this share of the layer's largest: equal units
# drift apart by rounding, 1e-16 an update, and stay equal for all that matters.
same_share <- 1e-6

# Room for rounding before a threshold that round numbers may meet exactly.
threshold_room <- 1e-9

# A cost is shown in steps of 10 to minus this of what there is to learn: smaller ones may be
# rounding, which no two languages share.
shown_power <- 6

# The values that outputs can take, for activations that cannot take all.
output_ranges <- list(
  sigmoid = c(0, 1), tanh = c(-1, 1), relu = c(0, Inf), softplus = c(0, Inf)
)

#' Say why a network did not learn
#'
#' Says why a network did not learn, or what may keep it from learning.
#'
#' The cost is held against that of the best constant prediction: the mean of each column of d,
#' which for classes are their shares. Then the data, the weights and, of a run, its costs and its
#' settings are searched for what commonly keeps networks from learning; section 14 of the contract,
#' `docs/contract.md`, lists the kinds, and the evidence that each needs. A finding is a fact and
#' not always the cause.
#'
#' @param model A run made by [tp_train()] or [tp_run()], or a network made by [tp_network()]. Of a
#'   network alone only the weights and the data are judged, and so of a fit made by [twinprop()]
#'   with x and d as it takes them (the response may be part of x).
#' @param x The inputs (n, n_1), rows are samples, those of the training: a matrix or data frame of
#'   numbers; for `print()` what `tp_diagnose()` returned.
#' @param d The desired outputs (n, K), rows are samples; for one output a vector will do.
#' @param cost For a network: `"half_mse"`, `"half_sse"`, `"mse"` or `"cross_entropy"`. The default
#'   is `"half_mse"`, for softmax outputs `"cross_entropy"`; of a run it is the run's own.
#' @param ... Not used.
#' @return A list of class `tp_diagnosis`:
#'   \describe{
#'     \item{findings}{A data frame with the columns `kind`, `message` and `mend` (code that mends
#'       it), the likely most important first.}
#'     \item{learned}{Whether the cost is clearly (by 1 % of what there is to learn) below that of
#'       the best constant prediction.}
#'     \item{verdict}{The same in a line.}
#'     \item{cost, constant_cost}{The cost of the network on x and d, without a penalty, and that of
#'       the best constant prediction.}
#'     \item{text}{What is printed.}
#'   }
#' @section Errors: `twinprop_input_error` if an argument is not as described;
#'   `twinprop_divergence_error` if the cost is NaN or Inf at the network's weights.
#' @references LeCun, Y., Bottou, L., Orr, G. B. and Mueller, K.-R. (1998). Efficient BackProp. In
#'   *Neural networks: tricks of the trade*. Springer.
#' @examples
#' # targets that sigmoid outputs cannot reach
#' found <- tp_diagnose(tp_network(c(1, 3, 1)), cbind(c(-1, 0, 1)), c(10, 20, 30))
#' found$learned
#' found$findings$message[1]
#' found
#' @export
tp_diagnose <- function(model, x, d, cost = NULL) {
  if (inherits(model, "tp_model")) {
    fit <- unwrap_fit(model, x, if (!missing(d)) d, cost)
    model <- fit$network
    x <- fit$x
    d <- fit$d
    cost <- fit$cost
  }
  judge_training(diagnosis_facts(model, x, d, cost))
}

# Warn if a training has ended without having learned; one that has costs no time. x (n, n_1) and
# d (n, n_L) are checked. Returns the run.
warn_unless_learned <- function(run, x, d) {
  warning <- not_learned(run, x, d)
  if (!is.null(warning)) give_warning(warning)
  run
}

# The warning of a training that has ended without having learned, or NULL.
not_learned <- function(run, x, d) {
  # an interruption is said already; with weights of samples the best constant is another one
  if (run$updates < fewest_updates || length(run$cost) < run$settings$epochs ||
        !is.null(run$settings$sample_weight)) {
    return(NULL)
  }
  cost <- run$final_cost - penalty(run$weights, run$settings$optimizer$weight_decay)
  levels <- cost_levels(cost, d, run$settings$cost, output_activation(run$network))
  if (levels$worth <= 0 || levels$learned) {
    return(NULL)
  }
  found <- tp_diagnose(run, x, d)
  # what tells more comes before the findings: R cuts a long warning where it prints it
  paste(c(
    found$verdict, "tp_diagnose(run, x, d) shows the code that mends what was found:",
    paste0(found$findings$kind, ": ", found$findings$message)
  ), collapse = "\n")
}

# All that the findings are made from: network; x (n, n_1); d (n, n_L); cost; run and settings, NULL
# of a network alone, where batch_size is NULL if it was all rows; forward; levels; classes.
diagnosis_facts <- function(model, x, d, cost) {
  run <- settings <- NULL
  network <- model
  if (inherits(model, "tp_run")) {
    run <- model
    network <- run$network
    settings <- run$settings
    if (is.null(network) || is.null(settings)) {
      input_error(
        "model must be a run that knows its network and its settings; one that is read from a ",
        "file does not"
      )
    }
    if (!is.null(cost) && !identical(cost, settings$cost)) {
      input_error(
        "cost must be null or the run's own, \"", settings$cost, "\", got ", describe(cost)
      )
    }
    cost <- settings$cost
  }
  if (!inherits(network, "tp_network")) {
    input_error(
      "model must be a run made by tp_train() or tp_run() or a network made by tp_network(), got ",
      describe(network)
    )
  }
  check_network(network)
  output <- output_activation(network)
  if (is.null(cost)) cost <- if (output == "softmax") "cross_entropy" else "half_mse"
  cost <- check_cost(cost, network)
  samples <- check_samples(x, d, network, cost)
  if (!is.null(settings) && settings$batch_size == nrow(samples$x) && nrow(samples$x) > 1L) {
    settings["batch_size"] <- list(NULL)
  }
  mean <- mean_cost(t(samples$x), t(samples$d), network, find_method(network, cost), 0)
  if (!is.finite(mean)) {
    divergence_error(
      "the cost is NaN or Inf at these weights: standardise the inputs or use smaller weights"
    )
  }
  list(
    network = network, x = samples$x, d = samples$d, cost = cost, run = run, settings = settings,
    forward = tp_forward(network, samples$x), levels = cost_levels(mean, samples$d, cost, output),
    classes = find_classes(samples$d)
  )
}

# Costs to judge by, means over the samples, without a penalty: `cost`, the network's; `constant`,
# that of the best constant prediction, the mean of the targets; `worth`, what there is to learn:
# `constant` less the lowest cost that any outputs could have; `learned`.
cost_levels <- function(cost_value, d, cost, output) {
  constant <- constant_cost(d, cost, output)
  lowest <- if (cost == "cross_entropy") target_entropy(d, output) else 0
  # where d is constant, the constant is all there is to learn
  worth <- if (all(constant_columns(d))) 0 else constant - lowest
  list(
    cost = cost_value, constant = constant, worth = worth,
    learned = worth > 0 && constant - cost_value > (1 - learned_share) * worth
  )
}

constant_columns <- function(values) {
  apply(values, 2L, min) == apply(values, 2L, max)
}

# The cost of predicting the mean of each column of d in every row: the best constant of the squared
# costs and of the cross entropies alike.
constant_cost <- function(d, cost, output) {
  mean <- colMeans(d)
  if (cost == "cross_entropy") {
    return(target_entropy(rbind(mean), output))
  }
  e <- mean - t(d)
  cost_functions(cost, output)$total(e, e, t(d)) / nrow(d)
}

# The cross entropy of outputs that are as desired: 0 only where d is 0 and 1.
target_entropy <- function(d, output) {
  terms <- function(p) -p * log(ifelse(p > 0, p, 1))
  values <- if (output == "softmax") terms(d) else terms(d) + terms(1 - d)
  sum(values) / nrow(d)
}

# The classes that targets of 0 and 1 stand for, `names` and `counts` of samples; NULL for other
# targets.
find_classes <- function(d) {
  if (!all(d == 0 | d == 1)) {
    return(NULL)
  }
  if (ncol(d) == 1L) {
    names <- c("d = 0", "d = 1")
    counts <- c(sum(d == 0), sum(d))
  } else if (all(rowSums(d) == 1)) {
    names <- paste("column", seq_len(ncol(d)), "of d")
    counts <- colSums(d)
  } else {
    return(NULL)
  }
  if (sum(counts > 0) > 1L) list(names = names, counts = counts)
}

# A number to a few digits. First to ten, so that 1.115 and what is 1.115 but for its last bit round
# to the same. A zero has no sign.
shown_digits <- function(value, digits) {
  sprintf(paste0("%.", digits, "g"), as.numeric(sprintf("%.10g", value + 0)))
}

# A cost, to three digits and without those that are rounding.
shown_cost <- function(value, levels) {
  size <- if (levels$worth > 0) levels$worth else max(abs(levels$constant), 1)
  unit <- 10^(floor(log10(size * (1 + threshold_room))) - shown_power)
  shown_digits(round(value / unit) * unit + 0, 3)
}

# The findings. Each function takes the facts and returns a list, empty where there is nothing to
# say.

finding <- function(kind, mend, ...) {
  list(list(kind = kind, message = paste0(...), mend = mend))
}

# Of each hidden layer its number, the weights into it, its biases, and the weights out of it.
hidden_layers <- function(network) {
  lapply(seq_len(length(network$layers) - 2L), function(l) {
    list(
      layer = l + 1L, into = network$weights[[l]], biases = network$biases[[l]],
      out = network$weights[[l + 1L]]
    )
  })
}

all_zero <- function(part) all(part$into == 0) && all(part$out == 0)

find_zero_weights <- function(facts) {
  unlist(lapply(hidden_layers(facts$network), function(part) {
    if (all_zero(part) && all(part$biases == part$biases[1L])) {
      finding(
        "zero_weights", mend_new_start(facts$network, facts$settings),
        "all ", length(part$into) + length(part$out), " weights into and out of layer ",
        part$layer, " are 0, so its units are alike and pass nothing on."
      )
    }
  }), recursive = FALSE)
}

find_symmetric_weights <- function(facts) {
  unlist(lapply(hidden_layers(facts$network), function(part) {
    if (all_zero(part)) {
      # zero_weights
      return(NULL)
    }
    into <- cbind(part$into, part$biases)
    out <- t(part$out)
    same <- sum(vapply(seq_len(nrow(into)), function(k) {
      sum(alike_rows(into, k) & alike_rows(out, k)) > 1L
    }, NA))
    if (same > 0L) {
      finding(
        "symmetric_weights", mend_new_start(facts$network, facts$settings),
        same, " of ", nrow(into), " units of layer ", part$layer, " have the same incoming and ",
        "outgoing weights as another one, so they compute and learn the same."
      )
    }
  }), recursive = FALSE)
}

# Which rows are the same as row k, beside the largest of all.
alike_rows <- function(rows, k) {
  gaps <- abs(rows - rep(rows[k, ], each = nrow(rows)))
  apply(gaps, 1L, max) <= same_share * max(abs(rows))
}

find_targets_out_of_range <- function(facts) {
  d <- facts$d
  output <- output_activation(facts$network)
  range <- output_ranges[[output]]
  if (is.null(range)) {
    return(NULL)
  }
  outside <- d < range[1L] | d > range[2L]
  if (!any(outside)) {
    return(NULL)
  }
  column <- which(apply(outside, 2L, any))[1L]
  finding(
    "targets_out_of_range", mend_scale_targets(facts$network, d, facts$settings),
    sum(outside), " of ", length(d), " targets lie outside ", describe(range[1L]), " to ",
    describe(range[2L]), ", the range of ", output, " outputs: column ", column,
    " of d goes from ", shown_digits(min(d[, column]), 6), " to ",
    shown_digits(max(d[, column]), 6), "."
  )
}

find_inputs_not_scaled <- function(facts) {
  x <- facts$x
  size <- sqrt(colMeans(x * x))
  large <- size > largest_input * (1 + threshold_room)
  small <- size < smallest_input * (1 - threshold_room)
  constant <- constant_columns(x)
  unscaled <- which((large | small) & !constant)
  if (length(unscaled) == 0L) {
    return(NULL)
  }
  column <- unscaled[1L]
  finding(
    "inputs_not_scaled", mend_scale_inputs(facts$network, any(constant), facts$settings),
    length(unscaled), " of ", ncol(x), " columns of x are not scaled: column ", column,
    " goes from ", shown_digits(min(x[, column]), 6), " to ", shown_digits(max(x[, column]), 6),
    ", a root mean square of ", shown_digits(size[column], 3), " where 0.01 to 10 will do."
  )
}

# Whether the facts are those of a run with a history of this many epochs that can be judged by it.
has_history <- function(facts, epochs) {
  !is.null(facts$run) && length(facts$run$cost) >= epochs && facts$levels$worth > 0
}

# A tenth of the epochs, at least one.
tenth_of <- function(epochs) max(1, epochs %/% 10)

find_learning_rate_too_large <- function(facts) {
  if (!has_history(facts, 2L)) {
    return(NULL)
  }
  run <- facts$run
  levels <- facts$levels
  epochs <- length(run$cost)
  rough <- rough_share * levels$worth
  tenth <- tenth_of(epochs)
  recent <- mean(run$cost[(epochs - tenth + 1):epochs])
  lowest <- min(run$initial_cost, run$cost)
  half <- run$cost[(epochs %/% 2L + 1L):epochs]
  moves <- diff(half)
  rises <- sum(moves > 0)
  what <- if (min(recent, run$final_cost) - lowest > rough) {
    paste0(
      "the cost rises: it is ", shown_cost(recent, levels), " on average in the last ", tenth,
      " epochs and ", shown_cost(lowest, levels), " at its lowest"
    )
  } else if (length(moves) > 1L && rises >= rises_share * length(moves) &&
               mean(abs(moves)) > rough) {
    paste0(
      "the cost swings: in the last ", length(half), " epochs it rises ", rises,
      " times, and moves by ", shown_cost(mean(abs(moves)), levels), " an epoch on average"
    )
  }
  if (is.null(what)) {
    return(NULL)
  }
  rate <- facts$settings$optimizer$learning_rate
  rule <- facts$settings$rule
  finding(
    "learning_rate_too_large", mend_other_rate(facts$network, facts$settings, rate / 10),
    what, ": learning_rate ", describe(rate), " is too large",
    if (rule != "gradient") {
      paste0(", or rule \"", rule, "\", which is not the gradient, misleads")
    },
    "."
  )
}

# What a few steps down the gradient, longer than the moves of an epoch, do: `times`, the length of
# each in such moves, and `fall`, by how much all of them lower the cost. Each of them has to lower
# it. Of the lengths that do half as well as the best, the shortest; NULL if there is none.
reachable_cost <- function(facts) {
  optimizer <- facts$settings$optimizer
  network <- facts$network
  x <- t(facts$x)
  d <- t(facts$d)
  decay <- optimizer$weight_decay
  method <- find_method(network, facts$cost)
  gradient_at <- function(of) {
    backward <- backward_pass(
      forward_pass(x, of$weights, of$biases, method), d, of$weights, method
    )
    list(
      weights = Map(function(g, w) g + decay * w, backward$grad_weights, of$weights),
      biases = backward$grad_biases
    )
  }
  moved <- function(of, gradient, rate) {
    list(
      weights = Map(function(w, g) w - rate * g, of$weights, gradient$weights),
      biases = Map(function(b, g) b - rate * g, of$biases, gradient$biases)
    )
  }
  slopes <- unlist(gradient_at(network))
  size <- sqrt(sum(slopes^2))
  if (!(size > 0)) {
    return(NULL)
  }
  # an update moves by the gradient with sgd, each weight by the rate with adam and rmsprop
  momentum <- if (is.null(optimizer$momentum)) 0 else optimizer$momentum
  rate <- optimizer$learning_rate / (1 - momentum)
  if (!optimizer$name %in% sgd_names) rate <- rate * sqrt(length(slopes)) / size
  batch_size <- facts$settings$batch_size
  rate <- rate * ceiling(ncol(x) / if (is.null(batch_size)) ncol(x) else batch_size)
  now <- mean_cost(x, d, network, method, decay)
  tried <- lapply(10^seq_len(longest_step), function(times) {
    at <- network
    cost <- now
    for (step in seq_len(trial_steps)) {
      at <- moved(at, gradient_at(at), rate * times)
      after <- mean_cost(x, d, at, method, decay)
      if (!isTRUE(after < cost)) {
        return(NULL)
      }
      cost <- after
    }
    list(times = times, fall = now - cost)
  })
  tried <- Filter(Negate(is.null), tried)
  most <- max(0, vapply(tried, `[[`, 0, "fall"))
  Find(function(one) one$fall >= most / 2, tried)
}

find_learning_rate_too_small <- function(facts) {
  if (!has_history(facts, 1L)) {
    return(NULL)
  }
  levels <- facts$levels
  moved <- facts$run$initial_cost - facts$run$final_cost
  # a larger rate may well be faster than one that does learn
  if (levels$learned && moved > reachable_share * levels$worth) {
    return(NULL)
  }
  settings <- facts$settings
  optimizer <- settings$optimizer
  rate <- optimizer$learning_rate
  if (rate == 0) {
    return(finding(
      "learning_rate_too_small",
      mend_other_rate(facts$network, settings, usual_rate(optimizer$name)),
      "learning_rate is 0, so no weight moves."
    ))
  }
  # rprop finds its own steps; of another rule the gradient does not say where it leads
  if (optimizer$name == "rprop" || settings$rule != "gradient") {
    return(NULL)
  }
  reach <- reachable_cost(facts)
  cost <- facts$run$cost
  half <- max(1, length(cost) %/% 2)
  before <- if (half < length(cost)) cost[length(cost) - half] else facts$run$initial_cost
  gained <- max(0, before - facts$run$final_cost)
  if (is.null(reach) || reach$fall <= max(gained, reachable_share * levels$worth)) {
    return(NULL)
  }
  finding(
    "learning_rate_too_small", mend_other_rate(facts$network, settings, rate * reach$times),
    "the last ", half, " epochs lowered the cost by ", shown_cost(gained, levels), "; ",
    trial_steps, " steps down the gradient, each ", sprintf("%.0f", reach$times),
    " times as long as the moves of an epoch, lower it by ", shown_cost(reach$fall, levels),
    ": learning_rate ", describe(rate), " is too small."
  )
}

find_dead_units <- function(facts) {
  network <- facts$network
  unlist(lapply(which(network$activations == "relu"), function(l) {
    z <- facts$forward$z[[l]]
    dead <- sum(apply(z <= 0, 2L, all))
    if (dead > 0L) {
      finding(
        "dead_units", mend_leaky(network, l + 1L, facts$settings),
        dead, " of ", ncol(z), " units of layer ", l + 1L, " (relu) are dead: their net input is ",
        "above 0 on none of the ", nrow(z), " samples, so no gradient reaches their weights."
      )
    }
  }), recursive = FALSE)
}

find_saturated_units <- function(facts) {
  # Where a network has learned, saturated units are its decisions.
  if (facts$levels$learned) {
    return(NULL)
  }
  names <- facts$network$activations
  # the delta of a cross entropy's outputs has no f'
  judged <- seq_len(length(names) - (facts$cost == "cross_entropy"))
  unlist(lapply(judged[names[judged] %in% names(largest_slopes)], function(l) {
    z <- facts$forward$z[[l]]
    slope <- activations[[names[l]]]$derivative(z, facts$forward$a[[l + 1L]])
    tiny <- colSums(slope < tiny_slope * largest_slopes[[names[l]]])
    saturated <- tiny >= nearly_all * nrow(z) * (1 - threshold_room)
    if (any(saturated)) {
      finding(
        "saturated_units", mend_new_start(facts$network, facts$settings, seed = 1),
        sum(saturated), " of ", ncol(z), " units of layer ", l + 1L, " (", names[l],
        ") are saturated: on at least 95 % of the ", nrow(z), " samples f' is below 1 % of its ",
        "largest value (abs(z) goes up to ", shown_digits(max(abs(z[, saturated])), 3),
        "), so their weights hardly move."
      )
    }
  }), recursive = FALSE)
}

find_too_few_epochs <- function(facts) {
  if (!has_history(facts, 2L)) {
    return(NULL)
  }
  cost <- facts$run$cost
  levels <- facts$levels
  epochs <- length(cost)
  tenth <- tenth_of(epochs)
  recent <- mean(cost[(epochs - tenth + 1):epochs])
  before <- mean(cost[(epochs - 2 * tenth + 1):(epochs - tenth)])
  if (before - recent <= falls_share * levels$worth ||
        !is.null(find_learning_rate_too_large(facts))) {
    return(NULL)
  }
  finding(
    "too_few_epochs", mend_more_epochs(facts$settings, 5),
    "the cost still falls: it is ", shown_cost(recent, levels), " on average in the last ", tenth,
    " epochs and ", shown_cost(before, levels), " in the ", tenth, " before."
  )
}

find_no_better_than_constant <- function(facts) {
  levels <- facts$levels
  classes <- facts$classes
  if (levels$learned || levels$worth <= 0) {
    return(NULL)
  }
  mend <- mend_larger_network(facts$network, facts$settings)
  costs <- paste0(
    "the cost ", shown_cost(levels$cost, levels), " is not clearly below ",
    shown_cost(levels$constant, levels), ", that of predicting the "
  )
  if (is.null(classes)) {
    return(finding("no_better_than_mean", mend, costs, "mean of each column of d in every row."))
  }
  largest <- which.max(classes$counts)
  finding(
    "no_better_than_largest_class", mend,
    costs, "shares of the classes in every row (the largest, ", classes$names[largest], ", has ",
    classes$counts[[largest]], " of ", sum(classes$counts), " samples)."
  )
}

find_unbalanced_classes <- function(facts) {
  counts <- facts$classes$counts
  names <- facts$classes$names
  if (is.null(counts)) {
    return(NULL)
  }
  largest <- which.max(counts)
  smallest <- which.min(ifelse(counts > 0, counts, Inf))
  if (counts[largest] < unbalanced * counts[smallest]) {
    return(NULL)
  }
  finding(
    "unbalanced_classes", mend_balance(facts$network, ncol(facts$d), facts$settings),
    "the smallest class, ", names[smallest], ", has ", counts[[smallest]], " of ", sum(counts),
    " samples, the largest, ", names[largest], ", ", counts[[largest]], "."
  )
}

find_constant_columns <- function(facts) {
  x <- facts$x
  columns <- which(constant_columns(x))
  if (length(columns) == 0L || nrow(x) == 1L) {
    return(NULL)
  }
  finding(
    "constant_columns", mend_drop_columns(facts$network, columns, facts$settings),
    length(columns), " of ", ncol(x), " columns of x are constant: column ", columns[1L], " is ",
    shown_digits(x[1L, columns[1L]], 6), " in every row."
  )
}

find_duplicate_columns <- function(facts) {
  x <- facts$x
  if (nrow(x) == 1L) {
    return(NULL)
  }
  judged <- which(!constant_columns(x))
  # all digits, which as.character() and so duplicated() of a matrix cut; + 0: -0 is 0
  keys <- vapply(judged, function(j) paste(sprintf("%.17g", x[, j] + 0), collapse = " "), "")
  columns <- judged[duplicated(keys)]
  if (length(columns) == 0L) {
    return(NULL)
  }
  equal <- judged[match(keys[duplicated(keys)][1L], keys)]
  finding(
    "duplicate_columns", mend_drop_columns(facts$network, columns, facts$settings),
    length(columns), " of ", ncol(x), " columns of x repeat an earlier one: column ", columns[1L],
    " equals column ", equal, "."
  )
}

# The order of likely importance: what stops learning for certain, then what stops it often, then
# what is seen when it has stopped, then what is merely in the data.
finders <- list(
  find_zero_weights, find_symmetric_weights, find_targets_out_of_range, find_inputs_not_scaled,
  find_learning_rate_too_large, find_learning_rate_too_small, find_dead_units,
  find_saturated_units, find_too_few_epochs, find_no_better_than_constant,
  find_unbalanced_classes, find_constant_columns, find_duplicate_columns
)

# What the facts mean.
judge_training <- function(facts) {
  found <- unlist(lapply(finders, function(find) find(facts)), recursive = FALSE)
  column <- function(name) vapply(found, function(one) one[[name]], "")
  findings <- data.frame(
    kind = column("kind"), message = column("message"), mend = column("mend"),
    stringsAsFactors = FALSE
  )
  levels <- facts$levels
  network <- facts$network
  verdict <- training_verdict(levels)
  title <- paste0(
    "Diagnosis of a ", paste(network$layers, collapse = "-"), " network (",
    paste(network$activations, collapse = ", "), "), cost ", facts$cost,
    if (!is.null(facts$run)) {
      sprintf(", %.0f updates in %d epochs", facts$run$updates, length(facts$run$cost))
    }
  )
  lines <- unlist(lapply(seq_len(nrow(findings)), function(i) {
    row <- findings[i, ]
    code <- paste0("    ", strsplit(row$mend, "\n", fixed = TRUE)[[1L]])
    c("", paste0(i, ". ", row$kind, ": ", row$message), code)
  }))
  if (is.null(lines)) lines <- c("", "Nothing found that keeps it from learning.")
  structure(
    list(
      findings = findings, learned = levels$learned, verdict = verdict, cost = levels$cost,
      constant_cost = levels$constant, text = paste(c(title, verdict, lines), collapse = "\n")
    ),
    class = "tp_diagnosis"
  )
}

training_verdict <- function(levels) {
  if (levels$worth <= 0) {
    return("NOT JUDGED: all rows of d are the same, so that there is nothing to tell apart.")
  }
  paste0(
    if (levels$learned) "LEARNED: the cost " else "NOT LEARNED: the cost ",
    shown_cost(levels$cost, levels),
    if (levels$learned) " is clearly below " else " is not clearly below ",
    shown_cost(levels$constant, levels), ", that of the best constant prediction."
  )
}

#' @rdname tp_diagnose
#' @export
print.tp_diagnosis <- function(x, ...) {
  cat(x$text, "\n", sep = "")
  invisible(x)
}
