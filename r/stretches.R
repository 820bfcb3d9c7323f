# How a training makes its updates, a stretch at a time: by R's loop or by the kernel. Twins:
# python/twinprop/stretches.py
#
# Sections 6 and 19 of the contract. A sample is a column here (see backprop.R). A job is a list of
# what there is to do: `layers`, `activations`, `settings` (checked, of tp_train()), `optimizer`,
# `method` (see find_method()), `x` (n_1, n), `d` (n_L, n), `weight` (the samples', of mean 1, or
# NULL), `batches` (updates in an epoch), `stream`, `rate(epoch)`, the learning rate of an epoch
# from 1, `rates(epochs)`, of several, and `diverged(epoch)`, which raises the error of a cost or a
# weight that is not finite.
#
# A way is a list of functions. `reach()`: how many updates it can make at once. `make(updates)`
# makes so many, or fewer, and returns a function that raises what went wrong after an epoch, or
# NULL. `updates()` made, `epochs()` completed, `cost(epochs)` of them; `unfinished()`: whether one
# is. `parameters()`, weights, biases and memory (see optimizers.R) as they are, and `before()`, as
# they were before the epoch that is going on. An interrupt between two expressions leaves them
# whole.

# In fast arithmetic the kernel takes batches of so many rows times weights at most. It adds up one
# by one, faster than R calls its functions, until matrices are large enough for BLAS.
kernel_limit <- 10000

# What a call of the kernel does at most, in the units of choose_way(): tens of milliseconds, after
# which a training can be interrupted.
work_per_call <- 5e7

# The faster way that can do the job; portable arithmetic has the same bits by both.
choose_way <- function(job, parameters, after_step, epoch_by_epoch) {
  layers <- job$layers
  weights <- sum(lengths(parameters$weights))
  rows <- ncol(job$x)
  portable <- job$settings$arithmetic == "portable"
  fits <- portable || job$settings$batch_size * weights <= kernel_limit
  # C counts samples and parameters by its int
  fits <- fits && max(rows, n_parameters(layers)) <= .Machine$integer.max
  if (!is.null(after_step) || !fits || !tp_kernel_available()) {
    return(by_loop(job, parameters, after_step))
  }
  # Work, in units of about half a nanosecond; the numbers were measured.
  per_row <- 3 * weights + 10 * sum(layers[-1L])
  per_update <- 2 * n_parameters(layers) + 100
  per_epoch <- rows * per_row + job$batches * per_update
  by_kernel(
    job, parameters,
    epochs_per_call = if (epoch_by_epoch) 1 else max(1, work_per_call %/% per_epoch),
    updates_per_call = max(1, work_per_call %/% (per_epoch / job$batches))
  )
}

# Updates one by one; `after_step` is record_updates()'s.
by_loop <- function(job, parameters, after_step = NULL) {
  settings <- job$settings
  n <- ncol(job$x)
  extras <- list(
    draw_masks = mask_drawer(settings$dropout, job$layers, job$stream$uniform),
    weight = job$weight, clip_norm = settings$clip_norm
  )
  now <- list(parameters = parameters, total = 0, updates = 0)
  before <- parameters
  cost <- numeric(min(settings$epochs, 1e6)) # it grows, if it comes to that
  epoch <- 0
  batches <- if (!settings$shuffle) batches(seq_len(n), settings$batch_size)
  rate <- move <- NULL

  begin_epoch <- function() {
    before <<- now$parameters
    epoch <<- now$updates / job$batches + 1
    rate_now <- job$rate(epoch)
    if (!identical(rate, rate_now)) {
      rate <<- rate_now
      move <<- find_move(with_rate(job$optimizer, rate), settings$arithmetic)
    }
    if (settings$shuffle) batches <<- batches(job$stream$order(n), settings$batch_size)
  }

  left <- function() job$batches - now$updates %% job$batches
  list(
    reach = left,
    make = function(updates) {
      at <- now$updates %% job$batches
      total <- now$total
      if (at == 0) {
        begin_epoch()
        total <- 0
      }
      stretch <- if (updates < job$batches) batches[at + seq_len(updates)] else batches
      made <- train_batches(
        now$parameters, job$x, job$d, stretch, job$method, move, settings$update_order, total,
        after_step, extras
      )
      if (at + updates == job$batches) {
        cost[epoch] <<- made$total / n
        failed <- !is.finite(made$total) || !all_finite(made$parameters$weights) ||
          !all_finite(made$parameters$biases)
        if (failed) {
          return(function() job$diverged(epoch))
        }
      }
      now <<- list(
        parameters = made$parameters, total = made$total, updates = now$updates + updates
      )
      NULL
    },
    updates = function() now$updates,
    epochs = function() now$updates %/% job$batches,
    cost = function(epochs) cost[epochs],
    unfinished = function() now$updates %% job$batches != 0,
    parameters = function() now$parameters,
    before = function() before
  )
}

# Many updates a call.
by_kernel <- function(job, parameters, epochs_per_call, updates_per_call) {
  settings <- job$settings
  optimizer <- job$optimizer$settings
  batches <- job$batches
  n <- ncol(job$x)
  hidden <- job$layers[-c(1L, length(job$layers))]
  dropout <- rep_len(if (is.null(settings$dropout)) 0 else settings$dropout, length(hidden))
  uniforms_per_row <- sum(hidden[dropout > 0])
  trainer <- kernel_trainer(
    job$layers, job$activations, settings$cost, settings$rule, settings$update_order, optimizer,
    job$x, job$d, job$weight, settings$batch_size, dropout, settings$clip_norm
  )
  memory <- flat_memory(parameters, optimizer)
  flat <- kernel_parameters(parameters$weights, parameters$biases)
  start <- list(
    parameters = flat, state_1 = memory[[1L]], state_2 = memory[[2L]], before = flat, total = 0
  )
  now <- list(at = start, updates = 0, epochs = 0)
  cost <- numeric(min(settings$epochs, 1e6)) # it grows, if it comes to that
  # as it was when the epoch that is going on began
  epoch_start <- now
  # the random numbers of so many epochs after the first so many
  drawn <- list(first = 0, epochs = 0, orders = NULL, uniforms = NULL)

  # As they come from the stream, epoch by epoch: those of the order, then those of dropout.
  draw <- function() {
    first <- drawn$first + drawn$epochs
    epochs <- min(epochs_per_call, settings$epochs - first)
    ordering <- if (settings$shuffle) n else 0
    per_epoch <- ordering + n * uniforms_per_row
    orders <- uniforms <- NULL
    if (per_epoch > 0) {
      u <- job$stream$uniform(epochs * per_epoch)
      dim(u) <- c(per_epoch, epochs)
      if (settings$shuffle) {
        epoch <- rep(seq_len(epochs), each = n)
        orders <- order(epoch, u[seq_len(n), ], method = "radix") - (epoch - 1L) * n - 1L
        dim(orders) <- c(n, epochs)
      }
      if (uniforms_per_row > 0) uniforms <- as.vector(u[ordering + seq_len(n * uniforms_per_row), ])
    }
    drawn <<- list(first = first, epochs = epochs, orders = orders, uniforms = uniforms)
  }

  # The dropout uniforms of updates from..to - 1.
  uniforms_of <- function(from, to) {
    if (uniforms_per_row == 0) {
      return(NULL)
    }
    ends <- c(from, to) - drawn$first * batches
    ends <- ((ends %/% batches) * n + (ends %% batches) * settings$batch_size) * uniforms_per_row
    drawn$uniforms[seq(ends[1L] + 1, ends[2L])]
  }

  shaped <- function(flat, of) {
    found <- layered_parameters(flat, job$layers)
    remembered <- parameters[c("memory_weights", "memory_biases")]
    if (of$updates > 0) {
      remembered <- layered_memory(
        list(of$at$state_1, of$at$state_2), job$layers, optimizer, remembered
      )
    }
    c(found, list(updates = parameters$updates + of$updates), remembered)
  }

  list(
    reach = function() {
      end <- (drawn$first + drawn$epochs) * batches
      left <- if (now$updates < end) {
        end - now$updates
      } else {
        min(epochs_per_call, settings$epochs - now$updates %/% batches) * batches
      }
      min(left, updates_per_call)
    },
    make = function(updates) {
      if (now$updates == (drawn$first + drawn$epochs) * batches) draw()
      first <- now$updates %/% batches
      end <- now$updates + updates
      # what ends within an epoch also begins there: see `epoch_start`
      whole <- end %/% batches * batches
      if (whole > now$updates) end <- whole
      last <- ceiling(end / batches)
      orders <- drawn$orders
      if (!is.null(orders)) orders <- orders[, seq(first + 1, last) - drawn$first]
      made <- trainer(
        now$at, now$updates %% batches, end - now$updates, parameters$updates + now$updates,
        job$rates(seq(first + 1, last)), orders, uniforms_of(now$updates, end)
      )
      if (made$code == "no memory") stop("the kernel has no memory")
      completed <- length(made$costs)
      cost[now$epochs + seq_len(completed)] <<- made$costs
      now <<- list(
        at = made[names(start)], updates = now$updates + made$updates,
        epochs = now$epochs + completed
      )
      if (made$code == "not finite") {
        return(function() job$diverged(first + made$epoch + 1))
      }
      if (made$code == "vanished") {
        return(function() vanished(settings$rule, made$neuron, made$layer))
      }
      if (now$updates %% batches == 0) epoch_start <<- now
      NULL
    },
    updates = function() now$updates,
    epochs = function() now$epochs,
    cost = function(epochs) cost[epochs],
    unfinished = function() now$updates %% batches != 0,
    parameters = function() shaped(now$at$parameters, now),
    before = function() shaped(now$at$before, epoch_start)
  )
}

# One update for each batch. The hot path: no checks here, and every function is looked up already.
# To `total` come the samples' costs, each as it was before its own update. `extras` are what most
# trainings do without: `draw_masks`, the samples' `weight`, and `clip_norm`; each may be NULL.
train_batches <- function(parameters, x, d, batches, method, move, update_order, total = 0,
                          after_step = NULL, extras = NULL) {
  depth <- length(parameters$weights)
  decay <- move$weight_decay
  plain <- all(vapply(extras, is.null, NA))
  draw_masks <- extras$draw_masks
  weight <- extras$weight
  clip_norm <- extras$clip_norm
  batch_weight <- masks <- NULL
  total_cost <- method$total_cost
  in_chunks <- is.null(after_step) && update_order == "simultaneous" && method$arithmetic$chunked
  for (rows in batches) {
    if (!is.null(draw_masks)) masks <- draw_masks(length(rows))
    if (!is.null(weight)) batch_weight <- weight[rows]
    if (decay != 0) {
      total <- total + length(rows) * penalty(parameters$weights, decay, method$arithmetic)
    }
    if (in_chunks && length(rows) > chunk_size) {
      step <- update_in_chunks(
        parameters, x, d, rows, method, move, masks, batch_weight, clip_norm
      )
      total <- total + step$cost
    } else {
      d_batch <- d[, rows, drop = FALSE]
      x_batch <- x[, rows, drop = FALSE]
      step <- if (plain) { # what is not handed over costs nothing
        one_update(parameters, x_batch, d_batch, method, move, update_order)
      } else {
        one_update(
          parameters, x_batch, d_batch, method, move, update_order, masks, batch_weight, clip_norm
        )
      }
      total <- total +
        total_cost(step$backward$e[[depth]], step$forward$z[[depth]], d_batch, batch_weight)
      if (!is.null(after_step)) after_step(parameters, rows, d_batch, step)
    }
    parameters <- step$parameters
  }
  list(parameters = parameters, total = total)
}

# The rows of each batch; a vector is a list of single rows.
batches <- function(rows, batch_size) {
  if (batch_size == 1L) {
    return(rows)
  }
  if (batch_size >= length(rows)) {
    return(list(rows))
  }
  unname(split(rows, (seq_along(rows) - 1L) %/% batch_size))
}

# A function that draws the masks of dropout for a batch of n samples; NULL without dropout.
mask_drawer <- function(dropout, layers, uniform) {
  if (!any(dropout > 0)) {
    return(NULL)
  }
  units <- layers[-c(1L, length(layers))]
  rates <- rep_len(dropout, length(units))
  function(n) draw_masks(rates, units, n, uniform)
}

all_finite <- function(arrays) {
  for (array in arrays) {
    if (!all(is.finite(array))) {
      return(FALSE)
    }
  }
  TRUE
}
