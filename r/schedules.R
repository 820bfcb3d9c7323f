# The learning rate from epoch to epoch. Twins: python/twinprop/schedules.py, inst/js/schedules.js
#
# Section 6 of the contract. `factor(t, settings, epochs, rows, arithmetic)` is what the learning
# rate is multiplied by in epoch t, from 1, of a training of so many epochs on so many rows.

schedules <- list(
  # gamma^(t-1); torch.optim.lr_scheduler.ExponentialLR
  exponential = list(
    defaults = list(gamma = 0.95),
    factor = function(t, settings, epochs, rows, arithmetic) arithmetic$power(settings$gamma, t - 1)
  ),
  # gamma^floor((t-1) / every); torch.optim.lr_scheduler.StepLR
  step = list(
    defaults = list(gamma = 0.1, every = 30),
    factor = function(t, settings, epochs, rows, arithmetic) {
      arithmetic$power(settings$gamma, floor((t - 1) / settings$every))
    }
  ),
  # (1 + cos(pi (t-1) / T)) / 2; torch.optim.lr_scheduler.CosineAnnealingLR
  cosine = list(
    defaults = list(),
    factor = function(t, settings, epochs, rows, arithmetic) {
      (1 + arithmetic$cos(pi * (t - 1) / epochs)) / 2
    }
  ),
  # 1 / (1 + n (t-1))^power; scikit-learn's invscaling, which counts the samples seen
  inverse = list(
    defaults = list(power = 0.5),
    factor = function(t, settings, epochs, rows, arithmetic) {
      arithmetic$real_power(1 + rows * (t - 1), 0 - settings$power)
    }
  )
)

schedule_checks <- list(
  gamma = check_ratio,
  every = function(value, name) check_integer(value, name, 1),
  power = check_number
)

# The complete settings of a schedule, its name included; NULL is a constant rate.
check_schedule <- function(value, name, optimizer) {
  if (is.null(value)) {
    return(NULL)
  }
  if (is_string(value)) {
    value <- list(name = check_choice(value, name, names(schedules)))
  }
  if (!is_object(value)) {
    input_error(name, " must be null, a name or an object, got ", describe(value))
  }
  value <- check_object(value, name)
  chosen <- check_choice(value[["name"]], paste0(name, ".name"), names(schedules))
  defaults <- schedules[[chosen]]$defaults
  check_keys(value, name, c("name", names(defaults)))
  settings <- list(name = chosen)
  for (key in names(defaults)) {
    given <- if (has(value, key)) value[[key]] else defaults[[key]]
    settings[[key]] <- schedule_checks[[key]](given, paste0(name, ".", key))
  }
  if (optimizer == "rprop") {
    input_error(
      name, " must be null with optimizer \"rprop\", whose steps do not follow the learning rate, ",
      "got ", describe(chosen)
    )
  }
  settings
}

# The learning rate of an epoch, from 1.
learning_rate_at <- function(epoch, schedule, learning_rate, epochs, rows, arithmetic) {
  learning_rate * schedules[[schedule$name]]$factor(epoch, schedule, epochs, rows, arithmetic)
}
