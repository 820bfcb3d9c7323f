# One fit from matrices: split, start, solver, stopping. Twin: python/twinprop/fitting.py
#
# The section "Fitting" of the contract. twinprop() encodes and scales its data and calls
# fit_network(); JavaScript has no twin: it trains by Network.train().

fit_tasks <- c("regression", "classification", "multilabel")

solvers <- c("adam", "sgd", "rmsprop", "rprop", "lbfgs")

# Solvers that need the gradient over all samples, and have no learning rate to change.
full_batch_solvers <- c("rprop", "lbfgs")

loss_aliases <- c(squared_error = "half_mse", log_loss = "cross_entropy")

# The names of what the learning rate does from epoch to epoch; scikit-learn's among them. (A
# function, because the schedules are not there yet when this file is read.)
learning_rates <- function() c("constant", "adaptive", "invscaling", names(schedules))

# With batch_size "auto", so many samples make one update; NULL is all of them. With sgd as many as
# in scikit-learn, so that its learning rates do here what they do there.
auto_batch_sizes <- list(adam = 32, sgd = 200, rmsprop = 32, rprop = NULL, lbfgs = NULL)

# An adaptive learning rate is divided by this when the loss stalls, as in scikit-learn.
adaptive_divisor <- 5

# The training ends when an adaptive learning rate is at most this, as in scikit-learn.
least_adaptive_rate <- 1e-6

# The settings of a fit and their defaults; python/twinprop/fitting.py has the same table under
# scikit-learn's names.
fit_defaults <- list(
  hidden = 8,
  activation = "relu",
  out_activation = "auto",
  loss = "auto",
  init = "xavier",
  starting_weights = NULL,
  rule = "gradient",
  update_order = "simultaneous",
  solver = "adam",
  momentum = 0.9,
  nesterov = TRUE,
  beta_1 = 0.9,
  beta_2 = 0.999,
  epsilon = 1e-8,
  penalty = 0.0001,
  batch_size = "auto",
  schedule = "constant",
  learn_rate = 0.01,
  epochs = 1000,
  shuffle = TRUE,
  tol = 1e-4,
  stop_iter = 10,
  early_stopping = FALSE,
  validation = 0.1,
  dropout = 0,
  clip_norm = NULL,
  arithmetic = "fast",
  class_weights = NULL,
  scale = TRUE,
  seed = NULL,
  verbose = FALSE,
  callbacks = NULL
)

# Fit a network to inputs and desired outputs that are encoded and scaled already.
#
# One seed s draws the starting weights (tp_network(seed = s)), the shuffles and the dropout
# (tp_train(seed = s)) and the validation rows (tp_random_stream(s)), so that a fit can be redone by
# hand. Python and R give the same weights, with the setting `arithmetic` "portable" bit by bit.
#
# x              Inputs (n, n_1), a row per sample.
# d              Desired outputs (n, n_L), a row per sample; of classes a column of 0 and 1 for each
#                (one column for two classes).
# settings       A list of any of the settings in `fit_defaults`; what is absent takes its default.
#                `class_weights` and `scale` are left to the caller, who has the classes and the
#                unscaled data; `validation` is a fraction here.
# task           "regression", "classification" or "multilabel": what "auto" means for
#                out_activation and loss.
# strata         The classes' numbers (n): the validation rows then have each class in proportion.
# sample_weight  Weights (n) >= 0. With all rows in one batch weight 2 is the row twice; a row of
#                weight 0 is left out.
# validation     list(x, d) or list(x, d, sample_weight): data of its own for the validation loss,
#                encoded and scaled as x and d. Without it, early stopping sets the fraction
#                `validation` of the settings aside.
# network        Start from the weights of this one; goes before `starting_weights`.
# optimizer      Go on with this optimiser and what it remembers, instead of a new one.
# progress       Show the loss and the time left. Default: the setting `verbose`.
# callbacks      A function or a list of functions, each called as
#                callback(epoch, loss, validation_loss, network) after each epoch (validation_loss
#                is NULL without validation); if one returns TRUE, the training ends there. Default:
#                the setting `callbacks`.
#
# Returns a list of class "tp_fitted":
# network                The trained one; with early stopping as it was after `best_epoch`.
# loss_curve             Each epoch's loss: the mean, weighted by the sample weights, of the loss
#                        that each sample had in the forward pass of its own update, and the
#                        penalty; of solver "lbfgs" the loss after each iteration.
# validation_loss_curve  The mean loss of the validation rows after each epoch, without the penalty;
#                        NULL without such rows.
# loss                   The last of the loss curve; of "lbfgs" that did not move (it started at a
#                        minimum) the loss there.
# n_iter                 How many epochs (iterations of "lbfgs") were made.
# best_epoch             The epoch whose watched loss was the lowest: the validation loss with early
#                        stopping, else the loss; 0 if there was none.
# converged              Whether the training ended by itself: by its stopping rule, not after all
#                        epochs, by a callback or an interruption.
# stopped                Why it ended: "tol", "gradient" and "line_search" (solver "lbfgs"),
#                        "learning_rate" (an adaptive one got too small), "max_iter", "callback" or
#                        "interrupt".
# reason                 The same in words.
# settings               All settings as they were used: the names of `fit_defaults`, with "auto"
#                        replaced by what it stood for, and the seed.
# training               What tp_train() would be called with: cost, rule, update_order, optimizer
#                        (a list of its settings), batch_size, epochs, shuffle, seed, dropout,
#                        clip_norm, schedule, arithmetic. The same in Python and R.
# updates                How many updates were made; of "lbfgs" how often the gradient was computed.
# validation_rows        Which rows of x were set aside; NULL without early stopping or with
#                        validation data of their own.
# optimizer              With its memory, to go on with; NULL for "lbfgs".
#
# Errors: twinprop_input_error, twinprop_divergence_error, twinprop_denominator_error; the last two
# carry the network from before the epoch that failed. If it is interrupted, the fit is what was
# reached, with early stopping the weights of the best epoch, and a warning of class
# twinprop_interrupted says so. Not to have converged gives no warning here: see `converged` and
# `reason`.
fit_network <- function(x, d, settings = list(), task, strata = NULL, sample_weight = NULL,
                        validation = NULL, network = NULL, optimizer = NULL, progress = NULL,
                        callbacks = NULL) {
  task <- check_choice(task, "task", fit_tasks)
  x <- check_matrix(x, "x", fit_width(x))
  d <- check_matrix(fit_column(d), "d", fit_width(d))
  check_same_rows(d, nrow(x), "d", "x")
  s <- check_fit_settings(settings)
  layers <- as.integer(c(ncol(x), s$hidden, ncol(d)))
  outputs <- resolve_outputs(task, ncol(d), s$out_activation, s$loss)
  s$out_activation <- outputs$out_activation
  s$loss <- outputs$loss
  s$seed <- draw_seed(s$seed)
  if (!is.null(progress)) s$verbose <- check_switch(progress, "progress")
  if (!is.null(callbacks)) s["callbacks"] <- list(check_callbacks(callbacks, "callbacks"))
  start <- fit_start(layers, s, network)
  check_cost_fits(s$loss, s$out_activation)
  check_targets(d, "d", s$loss, s$out_activation)
  data <- weighted_rows(x, d, sample_weight, strata)

  held <- if (!is.null(validation)) check_validation(validation, start, s$loss)
  held_out <- NULL
  if (is.null(held) && s$early_stopping) {
    split <- split_rows(nrow(data$x), s$validation, s$seed, data$strata)
    held <- list(
      x = data$x[split$held_out, , drop = FALSE], d = data$d[split$held_out, , drop = FALSE],
      weight = data$weight[split$held_out]
    )
    held_out <- data$rows[split$held_out]
    data$x <- data$x[split$kept, , drop = FALSE]
    data$d <- data$d[split$kept, , drop = FALSE]
    data$weight <- data$weight[split$kept]
  }
  n <- nrow(data$x)
  s$batch_size <- resolve_batch_size(s$batch_size, s$solver, n)
  total <- arithmetics[[s$arithmetic]]$total
  mean_weight <- if (is.null(data$weight)) 1 else total(data$weight) / n

  watch <- fit_watch(start, s, held)
  done <- if (s$solver == "lbfgs") {
    train_lbfgs(start, data, s, s$penalty / (n * mean_weight), watch)
  } else {
    decay <- s$penalty / (s$batch_size * mean_weight)
    train_by_solver(
      start, data, s, if (is.null(optimizer)) make_solver(s, decay) else optimizer, watch
    )
  }
  seen <- watch$finish(done$network)
  structure(
    list(
      network = seen$network,
      loss_curve = seen$losses,
      validation_loss_curve = seen$validation_losses,
      loss = if (length(seen$losses) > 0L) seen$losses[length(seen$losses)] else done$start_loss,
      n_iter = length(seen$losses),
      best_epoch = seen$best_epoch,
      converged = seen$stopped %in% c("tol", "learning_rate", "gradient", "line_search"),
      stopped = seen$stopped,
      reason = fit_reason(seen$stopped, length(seen$losses), s),
      settings = s,
      training = done$training,
      updates = done$updates,
      validation_rows = held_out,
      optimizer = done$optimizer
    ),
    class = "tp_fitted"
  )
}

# ---------------------------------------------------------------------------------- settings

# The complete settings of a fit, checked; "auto" and the seed are left as they are. `given` is a
# list with any of the names of `fit_defaults`.
check_fit_settings <- function(given) {
  check_keys(given, "settings", names(fit_defaults))
  s <- fit_defaults
  for (key in names(given)) s[key] <- list(given[[key]])
  s$hidden <- check_hidden(s$hidden, "hidden")
  s$activation <- check_hidden_activations(s$activation, "activation", length(s$hidden))
  s$out_activation <- check_choice(
    s$out_activation, "out_activation", c("auto", names(activations)), activation_aliases
  )
  s$loss <- check_choice(s$loss, "loss", c("auto", names(costs)), loss_aliases)
  s$init <- check_choice(s$init, "init", names(inits))
  s$rule <- check_choice(s$rule, "rule", names(rules))
  s$update_order <- check_choice(s$update_order, "update_order", update_orders)
  s$solver <- check_choice(s$solver, "solver", solvers)
  s$momentum <- check_fraction(s$momentum, "momentum")
  s$nesterov <- check_switch(s$nesterov, "nesterov")
  s$beta_1 <- check_fraction(s$beta_1, "beta_1")
  s$beta_2 <- check_fraction(s$beta_2, "beta_2")
  s$epsilon <- check_number(s$epsilon, "epsilon")
  s$penalty <- check_number(s$penalty, "penalty")
  s["batch_size"] <- list(check_auto_batch_size(s$batch_size, "batch_size"))
  s$schedule <- check_learning_rate(s$schedule, "schedule")
  s$learn_rate <- check_number(s$learn_rate, "learn_rate")
  s$epochs <- check_integer(s$epochs, "epochs", 1)
  s$shuffle <- check_switch(s$shuffle, "shuffle")
  s$tol <- check_number(s$tol, "tol")
  s$stop_iter <- check_integer(s$stop_iter, "stop_iter", 1)
  s$early_stopping <- check_switch(s$early_stopping, "early_stopping")
  s$validation <- check_share(s$validation, "validation")
  s$dropout <- check_dropout(s$dropout, "dropout", length(s$hidden))
  s["clip_norm"] <- list(check_clip_norm(s$clip_norm, "clip_norm", s$update_order))
  s$arithmetic <- check_arithmetic(s$arithmetic)
  s["class_weights"] <- list(check_class_weights(s$class_weights, "class_weights"))
  s$scale <- check_switch(s$scale, "scale")
  s$verbose <- check_switch(s$verbose, "verbose")
  s["callbacks"] <- list(check_callbacks(s$callbacks, "callbacks"))
  check_solver_fits(s)
  s
}

# Refuse what a solver cannot do.
check_solver_fits <- function(s) {
  needs <- function(key, needed, got) {
    input_error(
      "solver \"", s$solver, "\" needs ", key, " ", describe(needed), ", got ", describe(got)
    )
  }
  if (s$solver %in% full_batch_solvers && !identical(s$schedule, "constant")) {
    needs("schedule", "constant", s$schedule)
  }
  if (s$solver == "lbfgs") {
    for (key in c("rule", "update_order")) {
      if (s[[key]] != fit_defaults[[key]]) needs(key, fit_defaults[[key]], s[[key]])
    }
    if (any(s$dropout > 0)) needs("dropout", 0, s$dropout)
    if (!is.null(s$clip_norm)) needs("clip_norm", NULL, s$clip_norm)
  }
}

# The sizes of the hidden layers; 0 or an empty vector is none.
check_hidden <- function(value, name) {
  entries <- as_entries(value)
  if (is.null(entries)) {
    if (is.null(value) || (is_integer(value) && value == 0)) {
      return(integer(0))
    }
    if (!is_integer(value) || value < 1) {
      input_error(
        name, " must be an integer >= 1 or a list of such, or empty for no hidden layer, got ",
        describe(value)
      )
    }
    return(as.integer(value))
  }
  as.integer(vapply(seq_along(entries), function(i) {
    check_integer(entries[[i]], paste0(name, " entry ", i), 1)
  }, 0))
}

check_hidden_activations <- function(value, name, count) {
  choices <- setdiff(names(activations), "softmax")
  if (is_string(value)) {
    return(rep(check_choice(value, name, choices, activation_aliases), count))
  }
  entries <- as_entries(value)
  if (is.null(entries)) {
    input_error(name, " must be a name or a list of names, got ", describe(value))
  }
  if (length(entries) != count) {
    input_error(
      name, " must have one name for each hidden layer (", count, "), got ", length(entries)
    )
  }
  vapply(seq_along(entries), function(i) {
    check_choice(entries[[i]], paste0(name, " entry ", i), choices, activation_aliases)
  }, "")
}

check_auto_batch_size <- function(value, name) {
  if (is.null(value) || (is_string(value) && value == "auto")) {
    return(value)
  }
  if (!is_integer(value) || value < 1) {
    input_error(name, " must be null, \"auto\" or an integer >= 1, got ", describe(value))
  }
  as.double(value)
}

# "constant", "adaptive" or the complete settings of a schedule.
check_learning_rate <- function(value, name) {
  if (is_string(value)) {
    value <- check_choice(value, name, learning_rates())
    if (value %in% c("constant", "adaptive")) {
      return(value)
    }
    if (value == "invscaling") value <- "inverse"
  } else if (is_object(value) && identical(value[["name"]], "invscaling")) {
    value$name <- "inverse"
  }
  schedule <- check_schedule(value, name, "sgd")
  if (is.null(schedule)) "constant" else schedule
}

check_share <- function(value, name) {
  if (!is_finite(value) || value <= 0 || value >= 1) {
    input_error(name, " must be a number above 0 and below 1, got ", describe(value))
  }
  as.double(value)
}

# NULL, "balanced" or a named list of weights >= 0, one for each class that it names.
check_class_weights <- function(value, name) {
  if (is.null(value) || (is_string(value) && is.null(names(value)) && value == "balanced")) {
    return(value)
  }
  if (is.numeric(value) && !is.null(names(value))) value <- as.list(value)
  if (!is_object(value)) {
    input_error(name, " must be null, \"balanced\" or an object, got ", describe(value))
  }
  for (key in names(value)) {
    value[[key]] <- check_number(value[[key]], paste(name, describe(key)))
  }
  value
}

check_callbacks <- function(value, name) {
  entries <- if (is.null(value)) list() else if (is.function(value)) list(value) else value
  if (!is.list(entries) || !all(vapply(entries, is.function, NA))) {
    input_error(name, " must be null, a function or a list of functions, got ", describe(value))
  }
  entries
}

# out_activation and loss, with "auto" replaced by what it stands for; a classification of two
# classes has one output.
resolve_outputs <- function(task, outputs, out_activation, loss) {
  if (out_activation == "auto") {
    out_activation <- if (task == "regression") {
      if (loss == "cross_entropy") "sigmoid" else "identity"
    } else if (task == "classification" && outputs > 1 && loss %in% c("auto", "cross_entropy")) {
      "softmax"
    } else {
      "sigmoid"
    }
  }
  if (loss == "auto") {
    probabilities <- task != "regression" && out_activation %in% c("sigmoid", "softmax")
    loss <- if (probabilities || out_activation == "softmax") "cross_entropy" else "half_mse"
  }
  list(out_activation = out_activation, loss = loss)
}

# The number of samples per update of a training of so many rows.
resolve_batch_size <- function(value, solver, rows) {
  size <- if (identical(value, "auto")) auto_batch_sizes[[solver]] else value
  if (is.null(size) || solver == "lbfgs") {
    return(rows)
  }
  as.integer(min(size, rows))
}

# The optimiser that stands behind a solver other than "lbfgs".
make_solver <- function(s, weight_decay) {
  own <- switch(s$solver,
    sgd = list(momentum = s$momentum, nesterov = s$nesterov && s$momentum > 0),
    adam = list(betas = c(s$beta_1, s$beta_2), eps = s$epsilon),
    rmsprop = list(eps = s$epsilon)
  )
  do.call(tp_optimizer, c(list(s$solver, s$learn_rate, weight_decay), own))
}

# A seed: an integer as it is, else one drawn from the user's generator (which set.seed() sets).
draw_seed <- function(seed) {
  if (is.null(seed)) {
    return(sample.int(2147483647L, 1L) - 1L)
  }
  check_seed(seed)
}

# The weight that its class gives each row (n); NULL if all have the same. `codes` is each row's
# class as a position in `classes`, from 1. "balanced" is n / (K n_k) for a class with n_k of the n
# rows, K classes; a named vector or list gives a class's weight, and a class that it does not name
# has weight 1.
class_weight_rows <- function(codes, classes, class_weights) {
  class_weights <- check_class_weights(class_weights, "class_weights")
  if (is.null(class_weights)) {
    return(NULL)
  }
  if (is.character(class_weights)) {
    counts <- tabulate(codes, length(classes))
    return(length(codes) / (length(classes) * counts[codes]))
  }
  for (key in names(class_weights)) {
    if (!key %in% as.character(classes)) {
      input_error("class_weights names ", describe(key), ", which is no class")
    }
  }
  of_class <- rep(1, length(classes))
  of_class[match(names(class_weights), as.character(classes))] <- unlist(class_weights)
  of_class[codes]
}

# ------------------------------------------------------------------------------ data and start

# How many columns a matrix has, as far as can be told; check_matrix() tells the rest.
fit_width <- function(value) {
  if (is.matrix(value) || is.data.frame(value)) {
    return(ncol(value))
  }
  entries <- as_entries(value)
  first <- if (length(entries) > 0L) as_entries(entries[[1L]])
  if (is.null(first)) 1 else length(first)
}

# A vector is a matrix of one column.
fit_column <- function(value) {
  if (is.numeric(value) && is.null(dim(value))) cbind(as.double(value)) else value
}

# The rows with a weight above 0: their numbers, and these rows of all the rest.
weighted_rows <- function(x, d, sample_weight, strata) {
  n <- nrow(x)
  weight <- check_sample_weight(
    if (is.null(sample_weight)) NULL else from_r(sample_weight), "sample_weight", n
  )
  if (!is.null(strata) && length(strata) != n) {
    input_error("strata must have ", n, " values, got ", length(strata))
  }
  rows <- if (is.null(weight)) seq_len(n) else which(weight > 0)
  weight <- weight[rows]
  if (!is.null(weight) && all(weight == 1)) weight <- NULL
  list(
    rows = rows, x = x[rows, , drop = FALSE], d = d[rows, , drop = FALSE], weight = weight,
    strata = if (!is.null(strata)) as.integer(strata)[rows]
  )
}

# The rows to train on, `kept`, and those set aside for validation, `held_out`, each in ascending
# order.
#
# u = tp_random_stream(seed)$uniform(n) orders the rows, by (class, u) with strata, else by u; of
# the n_val = max(1, ceiling(fraction n)) validation rows the i-th is that at the position
# floor((i - 0.5) n / n_val) of this order, from 0.
split_rows <- function(n, fraction, seed, strata = NULL, name = "validation") {
  held <- max(1, ceiling(fraction * n))
  if (held >= n) {
    input_error(
      name, " must leave at least 1 row to train on, got ", describe(fraction), " of ", n, " rows"
    )
  }
  u <- tp_random_stream(seed)$uniform(n)
  order <- if (is.null(strata)) order(u) else order(strata, u)
  held_out <- sort(order[floor((seq_len(held) - 0.5) * n / held) + 1])
  list(kept = seq_len(n)[-held_out], held_out = held_out)
}

check_validation <- function(validation, network, loss) {
  if (!is.list(validation) || is.data.frame(validation) || !length(validation) %in% 2:3) {
    input_error(
      "validation must be null or a list of x, d and perhaps sample_weight, got ",
      describe(validation)
    )
  }
  layers <- network$layers
  x <- check_matrix(validation[[1L]], "validation x", layers[1L])
  d <- check_matrix(fit_column(validation[[2L]]), "validation d", layers[length(layers)])
  check_same_rows(d, nrow(x), "validation d", "validation x")
  check_targets(d, "d", loss, output_activation(network))
  given <- if (length(validation) == 3L) from_r(validation[[3L]])
  list(x = x, d = d, weight = check_sample_weight(given, "validation sample_weight", nrow(x)))
}

# The network to start from.
fit_start <- function(layers, s, network) {
  start <- tp_network(layers, as.list(c(s$activation, s$out_activation)), s$init, s$seed)
  given <- if (is.null(network)) s$starting_weights else network
  if (is.null(given)) {
    return(start)
  }
  name <- if (is.null(network)) "starting_weights" else "network"
  if (is.list(given) && inherits(given[["network"]], "tp_network")) given <- given[["network"]]
  if (inherits(given, "tp_network")) {
    if (!identical(as.integer(given$layers), start$layers)) {
      input_error(
        name, " must be of a network of layers ", paste(start$layers, collapse = "-"), ", got ",
        paste(given$layers, collapse = "-")
      )
    }
    return(with_parameters(start, given))
  }
  if (!is.list(given) || !has(given, "weights") || !has(given, "biases")) {
    input_error(
      name, " must be null, a network made by tp_network(), a fit or a list of weights and ",
      "biases, got ", describe(given)
    )
  }
  start$weights <- check_weights(given$weights, paste(name, "weights"), layers)
  start$biases <- check_biases(lapply(given$biases, from_r), paste(name, "biases"), layers)
  start
}

# -------------------------------------------------------------------------------- the training

# What is looked at after each epoch: validation, callbacks, when to stop. `validation` is a list of
# x, d and weight, or NULL.
fit_watch <- function(network, s, validation) {
  losses <- validation_losses <- numeric(0)
  best <- Inf
  best_epoch <- 0
  best_network <- network
  stalled <- 0
  stopped <- "max_iter"
  rate <- if (s$solver != "lbfgs") s$learn_rate
  validation_loss_at <- if (!is.null(validation)) {
    x <- t(validation$x)
    d <- t(validation$d)
    method <- find_method(network, s$loss, arithmetic = s$arithmetic)
    weight <- if (!is.null(validation$weight)) with_mean_1(validation$weight, method$arithmetic)
    function(parameters) mean_cost(x, d, parameters, method, 0, weight)
  }

  # Stop, or go on with a smaller learning rate if that is adaptive.
  stall <- function() {
    if (is.null(rate) || !identical(s$schedule, "adaptive")) {
      stopped <<- "tol"
      return(TRUE)
    }
    if (rate <= least_adaptive_rate) {
      stopped <<- "learning_rate"
      return(TRUE)
    }
    rate <<- rate / adaptive_divisor
    stalled <<- 0
    list(learning_rate = rate)
  }

  list(
    # Take note of an epoch; TRUE if it is the last.
    after_epoch = function(epoch, loss, parameters) {
      validation_loss <- if (!is.null(validation_loss_at)) validation_loss_at(parameters)
      losses <<- c(losses, loss)
      validation_losses <<- c(validation_losses, validation_loss)
      early <- s$early_stopping && !is.null(validation_loss)
      watched <- if (early) validation_loss else loss
      # scikit-learn's rule: an epoch counts that is not below the best so far by tol
      stalled <<- if (isTRUE(watched <= best - s$tol)) 0 else stalled + 1
      if (isTRUE(watched < best)) {
        best <<- watched
        best_epoch <<- as.integer(epoch)
        if (early) best_network <<- with_parameters(network, parameters)
      }
      for (callback in s$callbacks) {
        now <- with_parameters(network, parameters)
        if (isTRUE(callback(epoch, loss, validation_loss, now))) stopped <<- "callback"
      }
      if (stopped == "callback") {
        return(TRUE)
      }
      if (stalled > s$stop_iter) stall() else FALSE
    },
    start_rate = function(learning_rate) rate <<- learning_rate,
    stop_by = function(why) if (stopped == "max_iter") stopped <<- why,
    epochs = function() length(losses),
    # What was seen; with early stopping the network of the best epoch, else `last`.
    finish = function(last) {
      if (stopped == "interrupt") {
        kept <- if (s$early_stopping) best_epoch else length(losses)
        warning(structure(
          class = c("twinprop_interrupted", "warning", "condition"),
          list(
            message = sprintf(
              "fit interrupted after %d epochs; it keeps the weights after epoch %.0f",
              length(losses), kept
            ),
            call = NULL
          )
        ))
      }
      list(
        network = if (s$early_stopping) best_network else last, losses = losses,
        validation_losses = if (!is.null(validation)) validation_losses,
        best_epoch = best_epoch, stopped = stopped
      )
    }
  )
}

# Training by the loop of tp_train(): the network, how many updates, and the settings of the loop.
train_by_solver <- function(network, data, s, optimizer, watch) {
  watch$start_rate(optimizer$settings$learning_rate)
  settings <- list(
    cost = s$loss, rule = s$rule, update_order = s$update_order, optimizer = optimizer,
    batch_size = s$batch_size, epochs = s$epochs, shuffle = s$shuffle, seed = s$seed,
    dropout = s$dropout
  )
  settings["clip_norm"] <- list(s$clip_norm)
  settings["schedule"] <- list(if (is.list(s$schedule)) s$schedule)
  settings$arithmetic <- s$arithmetic
  run <- withCallingHandlers(
    train(
      network, t(data$x), t(data$d),
      c(settings, list(
        snapshots = numeric(0), record = NULL, sample_weight = data$weight
      )),
      progress_reporter(s$verbose, s$epochs), watch$after_epoch
    ),
    # told by the fit in words of its own
    twinprop_interrupted = function(warning) invokeRestart("muffleWarning")
  )
  if (watch$epochs() < s$epochs) watch$stop_by("interrupt")
  training <- settings
  training$optimizer <- optimizer$settings
  if (identical(s$schedule, "adaptive")) training$schedule <- "adaptive"
  list(
    network = run$network, updates = run$updates, training = training, optimizer = run$optimizer
  )
}

# Training by L-BFGS: the network, how often the gradient was computed, and the settings.
train_lbfgs <- function(network, data, s, weight_decay, watch) {
  objective <- fit_objective(network, data, s$loss, weight_decay, s$arithmetic)
  evaluations <- 0
  counted <- function(flat) {
    evaluations <<- evaluations + 1
    objective(flat)
  }
  reporter <- progress_reporter(s$verbose, s$epochs)
  on.exit(reporter$close())
  best <- flat_parameters(network)
  start_loss <- objective(best)$value
  if (!is.finite(start_loss)) not_finite_before_training()
  after_iteration <- function(iteration, at, value, gradient) {
    best <<- at
    if (!is.null(reporter$epoch)) reporter$epoch(iteration, value)
    watch$after_epoch(iteration, value, shaped_parameters(at, network))
  }
  tryCatch(
    {
      found <- lbfgs(
        counted, best, s$epochs, s$tol,
        after_iteration = after_iteration, arithmetic = arithmetics[[s$arithmetic]]
      )
      if (found$stopped != "asked") watch$stop_by(found$stopped)
    },
    interrupt = function(i) watch$stop_by("interrupt")
  )
  training <- list(
    cost = s$loss, rule = s$rule, update_order = s$update_order,
    optimizer = list(name = "lbfgs", weight_decay = weight_decay, memory = lbfgs_memory),
    batch_size = s$batch_size, epochs = s$epochs, shuffle = s$shuffle, seed = s$seed,
    dropout = s$dropout
  )
  training["clip_norm"] <- list(NULL)
  training["schedule"] <- list(NULL)
  training$arithmetic <- s$arithmetic
  list(
    network = with_parameters(network, shaped_parameters(best, network)), updates = evaluations,
    training = training, optimizer = NULL, start_loss = start_loss
  )
}

# All weights, layer by layer and row by row, then all biases, as one vector, and back.
flat_parameters <- function(of) as.double(c(row_by_row(of$weights), unlist(of$biases)))

shaped_parameters <- function(flat, network) {
  shapes <- c(network$weights, network$biases)
  ends <- cumsum(lengths(shapes))
  parts <- Map(function(shape, end) {
    entries <- flat[end - rev(seq_along(shape)) + 1L]
    shape[] <- if (is.matrix(shape)) matrix(entries, nrow(shape), byrow = TRUE) else entries
    shape
  }, shapes, ends)
  depth <- seq_along(network$weights)
  list(weights = parts[depth], biases = parts[-depth])
}

# The loss over all samples, with the penalty, and its gradient, of the flat parameters.
fit_objective <- function(network, data, loss, weight_decay, arithmetic = "fast") {
  x <- t(data$x)
  d <- t(data$d)
  n <- ncol(x)
  method <- find_method(network, loss, arithmetic = arithmetic)
  weight <- if (!is.null(data$weight)) with_mean_1(data$weight, method$arithmetic)
  depth <- length(network$weights)
  function(flat) {
    at <- shaped_parameters(flat, network)
    forward <- forward_pass(x, at$weights, at$biases, method)
    backward <- backward_pass(forward, d, at$weights, method, sample_weight = weight)
    total <- method$total_cost(backward$e[[depth]], forward$z[[depth]], d, weight)
    grad_weights <- Map(`+`, backward$grad_weights, lapply(at$weights, `*`, weight_decay))
    list(
      value = total / n + penalty(at$weights, weight_decay, method$arithmetic),
      gradient = flat_parameters(list(weights = grad_weights, biases = backward$grad_biases))
    )
  }
}

# Why the training ended, in words.
fit_reason <- function(stopped, epochs, s) {
  what <- if (s$early_stopping) "validation loss" else "loss"
  tol <- describe(s$tol)
  stalled <- paste0(
    "the ", what, " did not fall by ", tol, " for more than ", s$stop_iter, " epochs"
  )
  switch(stopped,
    tol = stalled,
    learning_rate = paste0(
      stalled, ", with a learning rate down to ", describe(least_adaptive_rate)
    ),
    gradient = paste0("no entry of the gradient is above ", tol),
    line_search = "no step lowers the loss any further",
    max_iter = paste0("all ", epochs, " epochs were made before the ", what, " had settled"),
    callback = paste0("a callback ended it after epoch ", epochs),
    interrupt = paste0("it was interrupted after epoch ", epochs)
  )
}
