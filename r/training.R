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
#' @param seed The seed of the shuffles and of dropout, an integer from -2147483647 to 2147483647.
#' @param snapshots Counts of updates, increasing, after each of which to keep cost and weights.
#' @param record Record what updates did: every update (`"steps"`), or the updates 1, 1 + k, 1 + 2k,
#'   ...; `NULL` for none. A recording holds at most 2^23 numbers (64 MiB); where more would come,
#'   every second step is dropped and k doubles, but two steps are always kept.
#' @param sample_weight A weight >= 0 for each sample (n), not all 0: its share in gradients and
#'   costs, as w over the mean of all w. With the full batch, a weight of 2 is the row twice, and a
#'   weight of 0 the row left out. `NULL`: all have the same.
#' @param dropout Share from 0 to below 1 of the units of a hidden layer that each sample of a batch
#'   goes without, at random: one number, or one for each hidden layer. The other activations are
#'   divided by 1 - dropout, so that predictions need none of it. Costs of epochs are those of the
#'   passes with dropout, all other costs without.
#' @param clip_norm Largest norm of the gradient, of all weights and biases together, without weight
#'   decay: a longer one is shortened to it; `NULL` for no limit. Not with update order
#'   `"output_first"`.
#' @param schedule How the learning rate changes from epoch to epoch, by a name or a list of name
#'   and parameters. Epoch t of T on n rows has the optimiser's learning rate times
#'   `"exponential"`: gamma^(t-1), gamma 0.95; `"step"`: gamma^floor((t-1)/every), gamma 0.1, every
#'   30; `"cosine"`: (1 + cos(pi (t-1)/T)) / 2; `"inverse"`: 1 / (1 + n (t-1))^power, power 0.5.
#'   `NULL`: it stays. Not with rprop, whose steps do not follow the learning rate.
#' @param arithmetic `"fast"` or `"portable"`: the machine's own sums and elementary functions, or
#'   those that give the same bits on every computer and in every language (section 19 of the
#'   contract).
#' @param progress `TRUE` shows how training goes: a bar on a terminal where the package cli is
#'   installed, otherwise a line for each of at most 20 epochs, as messages.
#' @return A list of class `tp_run`: `network`, the trained one; `optimizer` as it is after the last
#'   update; `history`, a data frame of `epoch` and `cost`; and the fields of a run file:
#'   `updates`, how many were made; `seconds`; `initial_cost` and `final_cost`, exact, over all
#'   samples; `cost`, the mean cost of each epoch, as the samples had it before their own updates;
#'   `outputs` and `errors` (n, K) at the end; `weights` and `biases`; `fingerprint`, see
#'   [tp_fingerprint()]; `snapshots`, a list of lists of `updates`, `cost`, `weights`, `biases`;
#'   `recording`, the recorded steps (see [tp_recording]) or `NULL`. Costs include the penalty of
#'   weight decay.
#'   `settings`: a list of what it was trained by, `cost`, `rule`, `update_order`, `optimizer` (a
#'   list of its settings), `batch_size`, `epochs`, `shuffle`, `seed`, `sample_weight`, `dropout`,
#'   `clip_norm`, `schedule` and `arithmetic`.
#' @section Errors: `twinprop_input_error` for arguments that do not fit;
#'   `twinprop_divergence_error` if the cost or a weight becomes NaN or Inf;
#'   `twinprop_denominator_error` if a rule meets a denominator of 0 or nearly 0. The last two carry
#'   `network` with the weights from before the epoch that failed, and, if `record` asks for it,
#'   `recording` with the steps up to the failure. If you interrupt a training, it returns what its
#'   complete epochs have reached, with a warning of class `twinprop_interrupted`.
#' @section Warnings: a condition of class `twinprop_warning` if 100 updates or more end without
#'   having learned: with a cost that is not clearly below that of the best constant prediction. It
#'   says why, as far as [tp_diagnose()] can tell.
#' @references Srivastava, N., Hinton, G., Krizhevsky, A., Sutskever, I. and Salakhutdinov, R.
#'   (2014). Dropout: a simple way to prevent neural networks from overfitting. *Journal of Machine
#'   Learning Research* 15. Pascanu, R., Mikolov, T. and Bengio, Y. (2013). On the difficulty of
#'   training recurrent neural networks. *ICML*.
#' @seealso [predict.tp_network()], [tp_diagnose()], [tp_run()] for plans in files
#' @examples
#' x <- rbind(c(0, 0), c(0, 1), c(1, 0), c(1, 1))
#' d <- cbind(c(0, 1, 1, 0))
#' run <- tp_train(tp_network(c(2, 4, 1), "tanh"), x, d, epochs = 200)
#' run
#' predict(run$network, x)
#'
#' # a sample of weight 2 is one that is there twice
#' network <- tp_network(c(2, 2, 1))
#' weighted <- tp_train(
#'   network, x, d, batch_size = NULL, epochs = 10, sample_weight = c(2, 1, 1, 1)
#' )
#' twice <- tp_train(
#'   network, x[c(1, 1:4), ], d[c(1, 1:4), , drop = FALSE], batch_size = NULL, epochs = 10
#' )
#' all.equal(weighted$weights, twice$weights)
#'
#' # dropout, a limit for the gradient, and a learning rate that falls
#' run <- tp_train(
#'   tp_network(c(2, 8, 1)), x, d, epochs = 20, dropout = 0.25, clip_norm = 1,
#'   schedule = list(name = "exponential", gamma = 0.9)
#' )
#' str(run$settings$schedule)
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
                     snapshots = NULL, record = NULL, sample_weight = NULL, dropout = 0,
                     clip_norm = NULL, schedule = NULL, arithmetic = "fast", progress = FALSE) {
  check_network(network)
  settings <- list(
    cost = check_cost(cost, network),
    rule = check_choice(rule, "rule", names(rules)),
    update_order = check_choice(update_order, "update_order", update_orders),
    arithmetic = check_arithmetic(arithmetic),
    optimizer = as_optimizer(optimizer),
    epochs = check_integer(epochs, "epochs", 0),
    shuffle = check_switch(shuffle, "shuffle"),
    seed = check_seed(seed),
    snapshots = check_snapshots(if (is.null(snapshots)) list() else from_r(snapshots), "snapshots"),
    record = check_record(record, "record"),
    dropout = check_dropout(dropout, "dropout", length(network$layers) - 2L),
    clip_norm = check_clip_norm(clip_norm, "clip_norm", update_order)
  )
  settings["schedule"] <- list(
    check_schedule(schedule, "schedule", settings$optimizer$settings$name)
  )
  progress <- check_switch(progress, "progress")
  samples <- check_samples(x, d, network, settings$cost)
  settings["sample_weight"] <- list(
    check_sample_weight(from_r(sample_weight), "sample_weight", nrow(samples$x))
  )
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

# Training with checked settings; x (n_1, n), d (n_L, n). Returns a tp_run.
#
# `after_epoch(epoch, cost, parameters)` is called after each epoch. If it returns TRUE, training
# ends there: the run has that many epochs. It may also return a list: of `stop`, which is TRUE for
# that, and `learning_rate`, the optimiser's from the next epoch on.
train <- function(network, x, d, settings, reporter, after_epoch = NULL) {
  on.exit(reporter$close())
  start_time <- Sys.time()
  optimizer <- settings$optimizer
  decay <- optimizer$settings$weight_decay
  method <- find_method(network, settings$cost, settings$rule, settings$arithmetic)
  arithmetic <- method$arithmetic
  start_rate <- optimizer$settings$learning_rate
  n <- ncol(x)
  weight <- if (!is.null(settings$sample_weight)) with_mean_1(settings$sample_weight, arithmetic)
  exact <- function(of) exact_cost(x, d, of, method, decay, weight)
  batches <- ceiling(n / settings$batch_size)
  recorded <- record_updates(
    settings$record, network$layers, batches, method, decay, weight
  )
  rate <- function(epoch) {
    if (is.null(settings$schedule)) {
      return(optimizer$settings$learning_rate)
    }
    learning_rate_at(epoch, settings$schedule, start_rate, settings$epochs, n, arithmetic)
  }

  parameters <- as_parameters(network, optimizer)
  initial_cost <- exact(parameters)$cost
  if (!is.finite(initial_cost)) not_finite_before_training()
  job <- list(
    layers = network$layers, activations = network$activations, settings = settings,
    optimizer = optimizer, method = method, x = x, d = d, weight = weight, batches = batches,
    stream = tp_random_stream(settings$seed), rate = rate,
    rates = function(epochs) {
      if (is.null(settings$schedule)) rep(rate(), length(epochs)) else vapply(epochs, rate, 0)
    },
    diverged = function(epoch) diverged(epoch, optimizer)
  )
  way <- choose_way(job, parameters, recorded$after_step, !is.null(after_epoch))
  to_keep <- c(settings$snapshots, Inf)
  kept <- list()
  shown <- 0
  interrupted <- tryCatch(
    {
      while (way$updates() < settings$epochs * batches) {
        wrong <- way$make(min(way$reach(), to_keep[length(kept) + 1L] - way$updates()))
        if (!is.null(reporter$epoch)) {
          for (epoch in shown + seq_len(way$epochs() - shown)) {
            reporter$epoch(epoch, way$cost(epoch))
          }
        }
        shown <- way$epochs()
        if (!is.null(wrong)) wrong()
        if (way$updates() == to_keep[length(kept) + 1L]) {
          at <- way$parameters()
          kept[[length(kept) + 1L]] <- list(
            updates = way$updates(), cost = exact(at)$cost, weights = at$weights,
            biases = at$biases
          )
        }
        if (is.null(after_epoch) || way$unfinished()) next
        answer <- after_epoch(shown, way$cost(shown), way$parameters())
        if (is.list(answer)) {
          if (!is.null(answer$learning_rate)) {
            optimizer <- with_rate(optimizer, answer$learning_rate)
          }
          answer <- answer$stop
        }
        if (isTRUE(answer)) break
      }
      parameters <- way$parameters()
      final <- exact(parameters)
      if (!is.finite(final$cost)) diverged(shown, optimizer)
      FALSE
    },
    twinprop_error = function(e) {
      e$network <- with_parameters(network, way$before())
      e$recording <- recorded$recording()
      stop(e)
    },
    interrupt = function(i) TRUE
  )
  cost <- way$cost(seq_len(way$epochs()))
  updates <- length(cost) * batches
  if (interrupted) {
    parameters <- if (way$unfinished()) way$before() else way$parameters()
    warn_interrupted(with_parameters(network, parameters), length(cost))
    final <- exact(parameters)
  }

  structure(
    list(
      network = with_parameters(network, parameters),
      optimizer = with_memory(optimizer, parameters),
      history = data.frame(epoch = seq_along(cost), cost = cost),
      updates = updates,
      seconds = as.numeric(difftime(Sys.time(), start_time, units = "secs")),
      initial_cost = initial_cost,
      cost = cost,
      final_cost = final$cost,
      outputs = t(final$outputs),
      errors = t(final$outputs - d),
      weights = parameters$weights,
      biases = parameters$biases,
      fingerprint = fingerprint_of(cost, parameters$weights, parameters$biases),
      snapshots = Filter(function(snapshot) snapshot$updates <= updates, kept),
      recording = recorded$recording(updates),
      settings = run_settings(settings)
    ),
    class = "tp_run"
  )
}

with_rate <- function(optimizer, learning_rate) {
  optimizer$settings$learning_rate <- learning_rate
  optimizer
}

# Weights of samples, divided by their mean.
with_mean_1 <- function(sample_weight, arithmetic = arithmetics$fast) {
  shares <- sample_weight / max(sample_weight) # whose sum does not overflow
  shares * (length(shares) / arithmetic$total(shares))
}

# What a run was trained by, as plain values.
run_settings <- function(settings) {
  settings$optimizer <- settings$optimizer$settings
  kept <- setdiff(names(training_defaults), c("snapshots", "record"))
  kept <- append(kept, "sample_weight", match("seed", kept))
  stats::setNames(lapply(kept, function(name) settings[[name]]), kept)
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

# Hands the updates that are due to a recorder; `after_step` is NULL if nothing is recorded.
record_updates <- function(interval, layers, updates_per_epoch, method, weight_decay,
                           weight = NULL) {
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
      v <- if (!is.null(weight)) weight[rows]
      cost <- method$total_cost(backward$e[[depth]], step$forward$z[[depth]], d, v)
      recorder$keep(list(
        update = updates, epoch = (updates - 1) %/% updates_per_epoch + 1, rows = rows,
        cost = cost / length(rows) + penalty(before$weights, weight_decay, method$arithmetic),
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
