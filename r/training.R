# Many updates. Twins: python/twinprop/training.py, inst/js/training.js
#
# Section 6 of the contract. A sample is a column here (see backprop.R).

#' Train a network
#'
#' Each epoch goes through the samples once, in batches of `batch_size` rows, in the given order or,
#' with `shuffle`, in a new random one; each batch makes one update, by the code of [tp_step()].
#' One seed gives the same order in R, Python and JavaScript, and your own random numbers are left
#' alone (see [tp_random_stream()]).
#'
#' @inheritParams tp_step
#' @param batch_size How many rows make one update: 1 is online learning, `NULL` takes all rows.
#' @param epochs How many times to go through the samples; an integer >= 0.
#' @param shuffle Whether to draw a new order of the rows for each epoch.
#' @param seed The seed of the shuffles, an integer from -2147483647 to 2147483647.
#' @param snapshots Counts of updates, increasing, after each of which to keep cost and weights.
#' @param record Record what updates did: every update (`"steps"`), or the updates 1, 1 + k, 1 + 2k,
#'   ...; `NULL` for none. A recording holds at most 2^23 numbers (64 MiB); where more would come,
#'   every second step is dropped and k doubles, but two steps are always kept.
#' @param progress `TRUE` shows how training goes: a bar on a terminal where the package cli is
#'   installed, otherwise a line for each of at most 20 epochs, as messages.
#' @return A list of class `tp_run`: `network`, the trained one; `optimizer` as it is after the last
#'   update; `history`, a data frame of `epoch` and `cost`; and the fields of a run file:
#'   `updates`, how many were made; `seconds`; `initial_cost` and `final_cost`, exact, over all
#'   samples; `cost`, the mean cost of each epoch, as the samples had it before their own updates;
#'   `outputs` and `errors` (n, K) at the end; `weights` and `biases`; `snapshots`, a list of lists
#'   of `updates`, `cost`, `weights`, `biases`; `recording`, the recorded steps (see
#'   [tp_recording]) or `NULL`. Costs include the penalty of weight decay.
#'   `settings`: a list of what it was trained by, `cost`, `rule`, `update_order`, `optimizer` (a
#'   list of its settings), `batch_size`, `epochs`, `shuffle` and `seed`.
#' @section Errors: `twinprop_input_error` for arguments that do not fit;
#'   `twinprop_divergence_error` if the cost or a weight becomes NaN or Inf;
#'   `twinprop_denominator_error` if a rule meets a denominator of 0 or nearly 0. The last two carry
#'   `network` with the weights from before the epoch that failed, and, if `record` asks for it,
#'   `recording` with the steps up to the failure. If you interrupt a training, it returns what its
#'   complete epochs have reached, with a warning of class `twinprop_interrupted`.
#' @section Warnings: a condition of class `twinprop_warning` if 100 updates or more end without
#'   having learned: with a cost that is not clearly below that of the best constant prediction. It
#'   says why, as far as [tp_diagnose()] can tell.
#' @seealso [predict.tp_network()], [tp_diagnose()], [tp_run()] for plans in files
#' @examples
#' x <- rbind(c(0, 0), c(0, 1), c(1, 0), c(1, 1))
#' d <- cbind(c(0, 1, 1, 0))
#' run <- tp_train(tp_network(c(2, 4, 1), "tanh"), x, d, epochs = 200)
#' run
#' predict(run$network, x)
#'
#' # the weights from before things went wrong, and the steps up to there
#' failed <- tryCatch(
#'   tp_train(
#'     tp_network(c(2, 4, 1), "identity"), x, d,
#'     optimizer = tp_optimizer("sgd", 50), record = "steps"
#'   ),
#'   twinprop_divergence_error = function(e) e
#' )
#' conditionMessage(failed)
#' failed$network
#' failed$recording
#' @export
tp_train <- function(network, x, d, cost = "half_mse", rule = "gradient",
                     update_order = "simultaneous", optimizer = tp_optimizer("sgd"),
                     batch_size = 1, epochs = 1000, shuffle = FALSE, seed = 42,
                     snapshots = NULL, record = NULL, progress = FALSE) {
  check_network(network)
  settings <- list(
    cost = check_cost(cost, network),
    rule = check_choice(rule, "rule", names(rules)),
    update_order = check_choice(update_order, "update_order", update_orders),
    optimizer = as_optimizer(optimizer),
    epochs = check_integer(epochs, "epochs", 0),
    shuffle = check_switch(shuffle, "shuffle"),
    seed = check_seed(seed),
    snapshots = check_snapshots(if (is.null(snapshots)) list() else from_r(snapshots), "snapshots"),
    record = check_record(record, "record")
  )
  progress <- check_switch(progress, "progress")
  samples <- check_samples(x, d, network, settings$cost)
  settings$batch_size <- check_batch_size(batch_size, "batch_size", nrow(samples$x))
  reporter <- progress_reporter(progress, settings$epochs)
  run <- train(network, t(samples$x), t(samples$d), settings, reporter)
  warn_unless_learned(run, samples$x, samples$d)
}

# NULL stands for all rows.
check_batch_size <- function(value, name, rows) {
  if (is.null(value)) {
    return(rows)
  }
  if (!is_integer(value) || value < 1 || value > rows) {
    input_error(
      name, " must be null or an integer from 1 to ", rows, " (the number of rows), got ",
      describe(value)
    )
  }
  as.integer(value)
}

# Training with checked settings; x (n_1, n), d (n_L, n). `after_epoch(epoch, parameters)` is called
# after each epoch. Returns a tp_run.
train <- function(network, x, d, settings, reporter, after_epoch = NULL) {
  on.exit(reporter$close())
  start_time <- Sys.time()
  optimizer <- settings$optimizer
  method <- find_method(network, settings$cost, settings$rule)
  move <- find_move(optimizer)
  order_rows <- tp_random_stream(settings$seed)$order
  n <- ncol(x)
  cost_at <- function(of) mean_cost(x, d, of, method, move$weight_decay)
  recorder <- snapshot_recorder(settings$snapshots, cost_at)
  updates_per_epoch <- ceiling(n / settings$batch_size)
  recorded <- record_updates(
    settings$record, network$layers, updates_per_epoch, method, move$weight_decay
  )

  parameters <- as_parameters(network, optimizer)
  initial_cost <- cost_at(parameters)
  if (!is.finite(initial_cost)) not_finite_before_training()
  cost <- numeric(settings$epochs)
  done <- 0
  before <- parameters
  interrupted <- tryCatch(
    {
      for (epoch in seq_len(settings$epochs)) {
        before <- parameters
        rows <- if (settings$shuffle) order_rows(n) else seq_len(n)
        trained <- train_epoch(
          parameters, x, d, batches(rows, settings$batch_size), method, move,
          settings$update_order, recorder$after_update, recorded$after_step
        )
        check_finite(trained$cost, trained$parameters, epoch, optimizer)
        parameters <- trained$parameters
        cost[epoch] <- trained$cost
        done <- epoch
        reporter$epoch(epoch, trained$cost)
        if (!is.null(after_epoch)) after_epoch(epoch, parameters)
      }
      final_cost <- cost_at(parameters)
      if (!is.finite(final_cost)) diverged(done, optimizer)
      FALSE
    },
    twinprop_error = function(e) {
      e$network <- with_parameters(network, before)
      e$recording <- recorded$recording()
      stop(e)
    },
    interrupt = function(i) TRUE
  )
  updates <- done * updates_per_epoch
  if (interrupted) {
    warn_interrupted(with_parameters(network, parameters), done)
    final_cost <- cost_at(parameters)
  }

  forward <- forward_pass(x, parameters$weights, parameters$biases, method)
  outputs <- forward$a[[length(network$layers)]]
  structure(
    list(
      network = with_parameters(network, parameters),
      optimizer = with_memory(optimizer, parameters),
      history = data.frame(epoch = seq_len(done), cost = cost[seq_len(done)]),
      updates = updates,
      seconds = as.numeric(difftime(Sys.time(), start_time, units = "secs")),
      initial_cost = initial_cost,
      cost = cost[seq_len(done)],
      final_cost = final_cost,
      outputs = t(outputs),
      errors = t(outputs - d),
      weights = parameters$weights,
      biases = parameters$biases,
      snapshots = Filter(function(snapshot) snapshot$updates <= updates, recorder$kept()),
      recording = recorded$recording(updates),
      settings = run_settings(settings)
    ),
    class = "tp_run"
  )
}

# What a run was trained by, as plain values.
run_settings <- function(settings) {
  settings$optimizer <- settings$optimizer$settings
  settings[setdiff(names(training_defaults), c("snapshots", "record"))]
}

# The rows of each batch; a vector is a list of single rows.
batches <- function(rows, batch_size) {
  if (batch_size == 1L) {
    return(rows)
  }
  unname(split(rows, (seq_along(rows) - 1L) %/% batch_size))
}

# One update for each batch. The hot path: no checks here, and every function is looked up already.
# The cost is the mean over the samples of the cost that each had before its own update.
train_epoch <- function(parameters, x, d, batches, method, move, update_order, after_update,
                        after_step = NULL) {
  n <- ncol(x)
  depth <- length(parameters$weights)
  decay <- move$weight_decay
  total <- 0
  for (rows in batches) {
    d_batch <- d[, rows, drop = FALSE]
    step <- one_update(parameters, x[, rows, drop = FALSE], d_batch, method, move, update_order)
    total <- total + method$total_cost(step$backward$e[[depth]], step$forward$z[[depth]], d_batch)
    if (decay != 0) total <- total + length(rows) * penalty(parameters$weights, decay)
    if (!is.null(after_step)) after_step(parameters, rows, d_batch, step)
    parameters <- step$parameters
    if (!is.null(after_update)) after_update(parameters)
  }
  list(parameters = parameters, cost = total / n)
}

check_finite <- function(cost, parameters, epoch, optimizer) {
  if (!is.finite(cost) || !all_finite(parameters$weights) || !all_finite(parameters$biases)) {
    diverged(epoch, optimizer)
  }
}

all_finite <- function(arrays) {
  for (array in arrays) {
    if (!all(is.finite(array))) {
      return(FALSE)
    }
  }
  TRUE
}

not_finite_before_training <- function() {
  divergence_error(
    "the cost is NaN or Inf before training: standardise the inputs or use smaller starting weights"
  )
}

diverged <- function(epoch, optimizer) {
  divergence_error(
    "the cost or a weight became NaN or Inf in epoch ", sprintf("%.15g", epoch),
    "; the network keeps its weights from before that epoch. Try a smaller learning_rate (now ",
    describe(optimizer$settings$learning_rate),
    "), standardised inputs or smaller starting weights"
  )
}

# Keeps cost and weights after the updates with the given numbers; `after_update` is NULL if there
# are none.
snapshot_recorder <- function(numbers, cost_at) {
  if (length(numbers) == 0L) {
    return(list(after_update = NULL, kept = function() list()))
  }
  kept <- list()
  updates <- 0
  list(
    after_update = function(parameters) {
      updates <<- updates + 1
      at <- length(kept) + 1L
      if (at <= length(numbers) && updates == numbers[at]) {
        kept[[at]] <<- list(
          updates = updates, cost = cost_at(parameters),
          weights = parameters$weights, biases = parameters$biases
        )
      }
    },
    kept = function() kept
  )
}

# Hands the updates that are due to a recorder; `after_step` is NULL if nothing is recorded.
record_updates <- function(interval, layers, updates_per_epoch, method, weight_decay) {
  if (is.null(interval)) {
    return(list(after_step = NULL, recording = function(...) NULL))
  }
  recorder <- step_recorder(interval, layers)
  due <- recorder$due()
  updates <- 0
  list(
    after_step = function(before, rows, d, step) {
      updates <<- updates + 1
      if (updates != due) {
        return(invisible())
      }
      backward <- step$backward
      depth <- length(backward$e)
      cost <- method$total_cost(backward$e[[depth]], step$forward$z[[depth]], d)
      recorder$keep(list(
        update = updates, epoch = (updates - 1) %/% updates_per_epoch + 1, rows = rows,
        cost = cost / length(rows) + penalty(before$weights, weight_decay),
        weights = before$weights, biases = before$biases, e = lapply(backward$e, t),
        grad_weights = backward$grad_weights, grad_biases = backward$grad_biases
      ))
      due <<- recorder$due()
    },
    recording = function(of = updates) recorder$recording(of)
  )
}

# Whoever stops a training keeps what it has reached.
warn_interrupted <- function(network, epochs) {
  warning(structure(
    class = c("twinprop_interrupted", "warning", "condition"),
    list(
      message = sprintf(
        "training interrupted; the network keeps its weights after %.0f epochs", epochs
      ),
      call = NULL, network = network
    )
  ))
}
