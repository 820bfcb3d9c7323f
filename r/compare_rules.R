# The backpropagation rules compared. Twins: python/twinprop/compare_rules.py,
# inst/js/compare_rules.js
#
# Section 13 of the contract. From one start each rule trains a copy of the network; on the way its
# gradient is held against the exact one. A sample is a column, as in backprop.R.

# About how many points are measured if `every` does not say.
most_points <- 50

# Each rule is measured along its own training.
own_training <- "own"

# Digits that no two languages differ in; rounding to them first makes halves round alike.
common_digits <- 9L

# What is left of the starting cost counts down to this share of it: errors a millionth of the first
# ones, still well above rounding.
smallest_cost <- 1e-12

#' Compare the backpropagation rules
#'
#' Trains by each rule from the same start, and holds it against the gradient.
#'
#' Each rule trains a copy of the network, with an optimiser of the given settings that remembers
#' nothing; the network and the optimiser given are left as they are. Before the first epoch, after
#' every `every`-th one and after the last one reached, over all samples and with the penalty of
#' weight decay, three things are measured: how the rule's gradient of each layer lies to the exact
#' one, whether a step against the rule's whole gradient, as long as the learning rate makes it,
#' lowers the cost, and how small the rule's denominators are.
#'
#' A rule that meets a vanishing denominator or diverges stops, and the result says where and why.
#'
#' @inheritParams tp_train
#' @param network The network, made by [tp_network()], with the weights to start from.
#' @param x The inputs (n, n_1), rows are samples: a matrix or data frame of numbers; for `print()`
#'   what `tp_compare_rules()` returned.
#' @param rules Which rules to compare, in this order: `"gradient"`, `"transpose"`,
#'   `"proportional"`, `"proportional_abs"`; `NULL` is all four.
#' @param update_order `"simultaneous"` or `"output_first"`, for the trainings; what is measured is
#'   always simultaneous.
#' @param optimizer What [tp_optimizer()] returned, of which the settings are taken, or the name of
#'   an optimiser with its defaults.
#' @param shuffle Whether to draw a new order of the rows for each epoch, the same for every rule.
#' @param seed The seed of the shuffles, an integer from -2147483647 to 2147483647.
#' @param along `"own"`: each rule is measured at the weights of its own training; or the name of a
#'   rule, at the weights of whose training all are measured. The costs are always those of each
#'   rule's own training.
#' @param every How many epochs from one point to the next; `NULL` is a fiftieth of the epochs,
#'   rounded up.
#' @param progress `TRUE` shows how each training goes: a bar on a terminal where the package cli is
#'   installed, otherwise a line for each of at most 20 epochs, as messages.
#' @param ... Not used.
#' @return A list of class `tp_rule_comparison`:
#'   \describe{
#'     \item{table}{A data frame, a row for each point and layer: `rule`, `epoch`, `layer`,
#'       `cosine`, `length_ratio` (the rule's length by the exact one); NA where either gradient is
#'       zero or the rule has none.}
#'     \item{steps}{A data frame, a row for each point: `rule`, `epoch`, `lowers_cost`, `change`
#'       (the cost after the step minus the cost before it), `smallest_denominator` (the smallest
#'       abs(D_k) / sum_j abs(W_kj) of the layers 3..L, from 0 to 1; NA for the rules that do not
#'       divide).}
#'     \item{costs}{A data frame, a row for each point of each rule's own training: `rule`, `epoch`
#'       (0 is the start), `cost`.}
#'     \item{summary}{A data frame, a row for each rule: `rule`, `initial_cost`, `final_cost`,
#'       `epochs` (reached), `mean_cosine`, `smallest_cosine` and `length_ratio` (the median) of
#'       layer 2, `lowers_cost` (the share of the points where the step lowers the cost),
#'       `smallest_denominator`, `stopped` (why, or NA).}
#'     \item{text}{What is printed: the summary, and why a rule stopped.}
#'   }
#' @section Errors: `twinprop_input_error` if an argument is not as described;
#'   `twinprop_divergence_error` if the cost is NaN or Inf before training.
#' @section Warnings: a condition of class `twinprop_interrupted` if it was interrupted: the result
#'   is what was measured until then.
#' @references Rumelhart, D. E., Hinton, G. E. and Williams, R. J. (1986). Learning representations
#'   by back-propagating errors. *Nature* 323. `docs/rules.md` holds the rules against each other at
#'   length.
#' @examples
#' x <- rbind(c(0, 0), c(0, 1), c(1, 0), c(1, 1))
#' d <- cbind(c(0, 1, 1, 0))
#' found <- tp_compare_rules(tp_network(c(2, 3, 1), init = "uniform"), x, d, epochs = 50)
#' found
#' found$summary[c("rule", "epochs", "mean_cosine")]
#' @export
tp_compare_rules <- function(network, x, d, rules = NULL, cost = "half_mse",
                             update_order = "simultaneous", optimizer = tp_optimizer("sgd"),
                             batch_size = 1, epochs = 100, shuffle = FALSE, seed = 42,
                             along = "own", every = NULL, progress = FALSE) {
  check_network(network)
  chosen <- check_rules(rules)
  settings <- list(
    cost = check_cost(cost, network),
    update_order = check_choice(update_order, "update_order", update_orders),
    # one that remembers nothing
    optimizer = make_optimizer(as_optimizer(optimizer)$settings),
    epochs = check_integer(epochs, "epochs", 0),
    shuffle = check_switch(shuffle, "shuffle"),
    seed = check_seed(seed),
    arithmetic = "fast"
  )
  along <- check_choice(along, "along", c(own_training, all_rules()))
  every <- check_every(every, settings$epochs)
  progress <- check_switch(progress, "progress")
  samples <- check_samples(x, d, network, settings$cost)
  settings$batch_size <- check_batch_size(batch_size, "batch_size", nrow(samples$x))

  measure <- rule_measures(network, t(samples$x), t(samples$d), settings)
  if (!is.finite(measure$cost(network))) not_finite_before_training()
  train_by <- function(rule, measured) {
    settings$rule <- rule
    reporter <- progress_reporter(progress, settings$epochs, rule)
    train_and_measure(network, measure, settings, measured, every, reporter)
  }
  summarise_rules(trace_rules(chosen, along, train_by), rules_title(network, settings, along))
}

# The argument of the same name hides the table.
all_rules <- function() names(rules)

# The names of the rules to compare; NULL is all of them.
check_rules <- function(value) {
  if (is.null(value)) {
    return(all_rules())
  }
  entries <- if (is_string(value)) list(value) else as_entries(value)
  if (length(entries) == 0L) {
    input_error("rules must be a name or a list of names, got ", describe(value))
  }
  for (i in seq_along(entries)) {
    check_choice(entries[[i]], paste0("rules entry ", i), all_rules())
  }
  chosen <- unlist(entries)
  if (anyDuplicated(chosen)) {
    input_error(
      "rules must name each rule once, got ", describe(chosen[anyDuplicated(chosen)]), " twice"
    )
  }
  chosen
}

# How many epochs lie between two points.
check_every <- function(value, epochs) {
  if (is.null(value)) {
    return(max(1, ceiling(epochs / most_points)))
  }
  if (!is_integer(value) || value < 1) {
    input_error("every must be null or an integer >= 1, got ", describe(value))
  }
  as.double(value)
}

# What is known of each rule of which anything is: a list of `rule`, `points`, `costs`, `epochs`
# (reached) and `stopped` (a message or NA). `train_by(rule, measured)` trains and measures.
trace_rules <- function(chosen, along, train_by) {
  traces <- lapply(chosen, function(rule) {
    list(rule = rule, points = list(), costs = list(), epochs = 0, stopped = NA_character_)
  })
  names(traces) <- chosen
  for (rule in if (along == own_training) chosen else union(along, chosen)) {
    measured <- if (along == own_training) rule else if (rule == along) chosen
    found <- train_by(rule, measured)
    for (name in measured) {
      traces[[name]]$points <- lapply(found$points, function(point) point[[name]])
    }
    # the training of a rule that is not compared leaves no costs
    if (rule %in% chosen) {
      traces[[rule]][c("costs", "epochs", "stopped")] <- found[c("costs", "epochs", "stopped")]
    }
    if (found$interrupted) break
  }
  begun <- Filter(function(trace) length(trace$points) > 0L, traces)
  if (found$interrupted) {
    # there is nothing to keep: as if nobody had caught it
    if (length(begun) == 0L) invokeRestart("abort")
    warn_comparison_interrupted(rule)
  }
  begun
}

warn_comparison_interrupted <- function(rule) {
  warning(structure(
    class = c("twinprop_interrupted", "warning", "condition"),
    list(
      message = paste0(
        "comparison interrupted in the training by rule ", describe(rule), "; the result keeps ",
        "what was measured until then"
      ),
      call = NULL
    )
  ))
}

# The training by settings$rule, with the rules `measured` at its points. A list of `points`, each a
# list by rule; `costs`, a list of lists of epoch and cost; `epochs`, `stopped`, `interrupted`.
train_and_measure <- function(network, measure, settings, measured, every, reporter) {
  found <- list(points = list(), costs = list(), epochs = 0, stopped = NA_character_)
  # whether the cost is finite
  point <- function(epoch, of) {
    cost <- measure$cost(of)
    if (!is.finite(cost)) {
      return(FALSE)
    }
    points <- lapply(measured, function(rule) c(epoch = epoch, measure$rule(of, rule)))
    names(points) <- measured
    # nothing that is interrupted leaves half a point
    found$points <<- c(found$points, list(points))
    found$costs <<- c(found$costs, list(list(epoch = epoch, cost = cost)))
    TRUE
  }
  after_epoch <- function(epoch, cost, parameters) {
    if (epoch %% every == 0 && !point(epoch, parameters)) diverged(epoch, settings$optimizer)
    found$epochs <<- epoch
    FALSE # go on
  }
  stopped_by_user <- FALSE
  interrupted <- tryCatch(
    {
      point(0, network)
      reached <- tryCatch(
        {
          run <- withCallingHandlers(
            train(network, measure$x, measure$d, settings, reporter, after_epoch),
            # it says what becomes of the network, a copy here
            twinprop_interrupted = function(w) {
              stopped_by_user <<- TRUE
              invokeRestart("muffleWarning")
            }
          )
          found$epochs <- length(run$cost)
          run$network
        },
        twinprop_error = function(e) {
          found$stopped <<- conditionMessage(e)
          e$network
        }
      )
      if (found$costs[[length(found$costs)]]$epoch < found$epochs) point(found$epochs, reached)
      stopped_by_user
    },
    interrupt = function(i) TRUE
  )
  c(found, list(interrupted = interrupted))
}

# The samples, x (n_1, n) and d (n_L, n), and two functions: `cost(of)`, the exact cost at weights
# and biases with the penalty; `rule(of, rule)`, what is measured of a rule there.
rule_measures <- function(network, x, d, settings) {
  method <- find_method(network, settings$cost)
  eta <- settings$optimizer$settings$learning_rate
  decay <- settings$optimizer$settings$weight_decay
  cost_at <- function(of) mean_cost(x, d, of, method, decay)

  # The gradient by a rule, with the penalty's: lists of weights and biases.
  gradient_by <- function(forward, of, rule) {
    backward <- backward_pass(forward, d, of$weights, find_method(network, settings$cost, rule))
    list(
      weights = Map(function(g, w) g + decay * w, backward$grad_weights, of$weights),
      biases = backward$grad_biases
    )
  }
  measure_rule <- function(of, rule) {
    forward <- forward_pass(x, of$weights, of$biases, method)
    denominator <- smallest_denominator(of$weights, rule)
    gradient <- tryCatch(
      gradient_by(forward, of, rule), twinprop_denominator_error = function(e) NULL
    )
    if (is.null(gradient)) {
      missing <- rep(NA_real_, length(of$weights))
      return(list(
        cosine = missing, length_ratio = missing, lowers_cost = NA, change = NA_real_,
        smallest_denominator = denominator
      ))
    }
    exact <- gradient_by(forward, of, "gradient")
    alike <- Map(
      function(w, b, exact_w, exact_b) compare_lengths(c(w, b), c(exact_w, exact_b)),
      gradient$weights, gradient$biases, exact$weights, exact$biases
    )
    moved <- list(
      weights = Map(function(w, g) w - eta * g, of$weights, gradient$weights),
      biases = Map(function(b, g) b - eta * g, of$biases, gradient$biases)
    )
    before <- cost_at(of)
    after <- cost_at(moved)
    change <- if (is.finite(after)) after - before else Inf
    rounding <- cost_roundings * 2^-52 *
      (before + output_rounding(forward, d, settings$cost) * method$scale)
    list(
      cosine = vapply(alike, `[[`, 0, "cosine"),
      length_ratio = vapply(alike, `[[`, 0, "length_ratio"),
      lowers_cost = change < -rounding,
      change = change,
      smallest_denominator = denominator
    )
  }
  list(x = x, d = d, cost = cost_at, rule = measure_rule)
}

# The cosine between two gradients, and the first one's length by the second's; NA where one of them
# is zero or not finite.
compare_lengths <- function(gradient, exact) {
  largest <- c(max(abs(gradient)), max(abs(exact)))
  if (!all(is.finite(largest) & largest > 0)) {
    return(list(cosine = NA_real_, length_ratio = NA_real_))
  }
  # by the largest first: squares of saturated layers would underflow
  p <- gradient / largest[1L]
  q <- exact / largest[2L]
  length_p <- sqrt(sum(p * p))
  length_q <- sqrt(sum(q * q))
  list(
    cosine = min(1, max(-1, sum(p * q) / (length_p * length_q))),
    length_ratio = largest[1L] / largest[2L] * (length_p / length_q)
  )
}

# The smallest abs(D_k) / sum_j abs(W_kj) of the layers 3..L; NA without any.
smallest_denominator <- function(weights, rule) {
  if (!rule %in% c("proportional", "proportional_abs") || length(weights) < 2L) {
    return(NA_real_)
  }
  min(vapply(weights[-1L], function(w) {
    sizes <- rowSums(abs(w))
    denominators <- if (rule == "proportional") abs(rowSums(w)) else sizes
    min(ifelse(sizes == 0, 0, denominators / sizes))
  }, 0))
}

rules_title <- function(network, settings, along) {
  optimizer <- settings$optimizer$settings
  paste0(
    "Rules compared on a ", paste(network$layers, collapse = "-"), " network (",
    paste(network$activations, collapse = ", "), "), cost ", settings$cost, ", optimizer ",
    optimizer$name, ", learning rate ", describe(optimizer$learning_rate),
    if (optimizer$weight_decay > 0) paste0(", weight decay ", describe(optimizer$weight_decay)),
    ", ", sprintf("%.0f", settings$epochs), " epochs, ",
    if (along == own_training) "each along its own training" else
      paste("along the training by", along)
  )
}

# What was found as tables and words.
summarise_rules <- function(traces, title) {
  per_point <- function(trace, key, type) vapply(trace$points, `[[`, type, key)
  table <- lapply(traces, function(trace) {
    layers <- length(trace$points[[1L]]$cosine)
    data.frame(
      rule = trace$rule,
      epoch = rep(per_point(trace, "epoch", 0), each = layers),
      layer = rep(seq_len(layers) + 1L, length(trace$points)),
      cosine = unlist(lapply(trace$points, `[[`, "cosine")),
      length_ratio = unlist(lapply(trace$points, `[[`, "length_ratio")),
      stringsAsFactors = FALSE
    )
  })
  steps <- lapply(traces, function(trace) {
    data.frame(
      rule = trace$rule,
      epoch = per_point(trace, "epoch", 0),
      lowers_cost = per_point(trace, "lowers_cost", NA),
      change = per_point(trace, "change", 0),
      smallest_denominator = per_point(trace, "smallest_denominator", 0),
      stringsAsFactors = FALSE
    )
  })
  costs <- lapply(Filter(function(trace) length(trace$costs) > 0L, traces), function(trace) {
    data.frame(
      rule = trace$rule,
      epoch = vapply(trace$costs, `[[`, 0, "epoch"),
      cost = vapply(trace$costs, `[[`, 0, "cost"),
      stringsAsFactors = FALSE
    )
  })
  all_rows <- function(parts) do.call(rbind, unname(parts))
  summary <- all_rows(Map(summarise_rule, traces, table, steps))
  structure(
    list(
      table = all_rows(table), steps = all_rows(steps), costs = all_rows(costs), summary = summary,
      text = paste(c(title, "", rules_lines(traces, summary, steps)), collapse = "\n")
    ),
    class = "tp_rule_comparison"
  )
}

# A rule's row of the summary.
summarise_rule <- function(trace, table, steps) {
  first <- table[table$layer == 2L, ]
  of_present <- function(of, values) {
    values <- values[!is.na(values)]
    if (length(values) > 0L) of(values) else NA_real_
  }
  costs <- vapply(trace$costs, `[[`, 0, "cost")
  data.frame(
    rule = trace$rule,
    initial_cost = of_present(function(v) v[1L], costs),
    final_cost = of_present(function(v) v[length(v)], costs),
    epochs = trace$epochs,
    mean_cosine = of_present(mean, first$cosine),
    smallest_cosine = of_present(min, first$cosine),
    length_ratio = of_present(stats::median, first$length_ratio),
    lowers_cost = of_present(mean, steps$lowers_cost),
    smallest_denominator = of_present(min, steps$smallest_denominator),
    stopped = trace$stopped,
    stringsAsFactors = FALSE
  )
}

# The summary as a table, and why a rule stopped.
rules_lines <- function(traces, summary, steps) {
  form <- "%-16s%13s%13s%8s%13s%10s%14s%13s%13s"
  head <- sprintf(
    form, "rule", "cost before", "cost after", "epochs", "mean cosine", "smallest",
    "length ratio", "lowers cost", "denominator"
  )
  rows <- vapply(seq_along(traces), function(i) {
    row <- summary[i, ]
    judged <- steps[[i]]$lowers_cost
    judged <- judged[!is.na(judged)]
    sprintf(
      form, row$rule, shown_rule_cost(row$initial_cost, row$initial_cost),
      shown_rule_cost(row$final_cost, row$initial_cost), sprintf("%.0f", row$epochs),
      shown_fixed(row$mean_cosine, 3L), shown_fixed(row$smallest_cosine, 3L),
      shown_exponential(row$length_ratio), sprintf("%d of %d", sum(judged), length(judged)),
      shown_fixed(row$smallest_denominator, 6L)
    )
  }, "")
  stopped <- summary[!is.na(summary$stopped), ]
  c(
    head, rows, "",
    paste0(
      "Cosine (mean, smallest) and length ratio (median) are of the gradient into layer 2, ",
      "against the exact one."
    ),
    "Lowers cost: at how many of the points a step by the rule's gradient does.",
    if (nrow(stopped) > 0L) {
      c("", sprintf("%s stopped after epoch %.0f: %s", stopped$rule, stopped$epochs,
                    stopped$stopped))
    }
  )
}

# A number of the size of 1, without the digits that are rounding.
shown_fixed <- function(value, digits) {
  if (is.na(value)) {
    return("-")
  }
  common <- as.double(sprintf("%.*f", common_digits, value))
  shown <- sprintf("%.*f", digits, common)
  if (as.double(shown) == 0) sub("^-", "", shown) else shown
}

# A number of any size, without the digits that are rounding.
shown_exponential <- function(value) {
  if (is.na(value)) {
    return("-")
  }
  if (is.infinite(value)) {
    return(describe(value))
  }
  sprintf("%.2e", as.double(sprintf("%.*e", common_digits, value)))
}

# A cost; what is left of the first one below `smallest_cost` is rounding.
shown_rule_cost <- function(value, start) {
  if (!is.na(value) && value <= smallest_cost * start) value <- 0
  shown_exponential(value)
}

#' @rdname tp_compare_rules
#' @export
print.tp_rule_comparison <- function(x, ...) {
  cat(x$text, "\n", sep = "")
  invisible(x)
}
