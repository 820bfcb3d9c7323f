# L-BFGS: minimise a smooth function with the memory of a few steps. Twin: python/twinprop/lbfgs.py
#
# Nocedal and Wright (2006), Numerical Optimization, algorithms 7.4 and 7.5, with the line search of
# algorithms 3.5 and 3.6 (strong Wolfe conditions). JavaScript has no twin: it does not fit data.

# How many pairs of a step and its change of the gradient are remembered.
lbfgs_memory <- 10

# Sufficient decrease and curvature, the usual values for quasi-Newton methods (section 3.1).
lbfgs_decrease <- 1e-4
lbfgs_curvature <- 0.9

# Trials of one line search: 30 halvings make a step a billionth.
lbfgs_most_trials <- 30

# A trial stays this share of the interval away from its ends.
lbfgs_margin <- 0.1

# Values that differ by this share are taken as equal, so that near the minimum, where all of them
# are, the slope decides.
lbfgs_rounding <- 10 * 2^-52

# After so many steps in a row that lower neither the value nor the largest entry of the gradient
# below what they were, all that is left is rounding.
lbfgs_most_idle <- 10

# A pair whose curvature is no more than this, by the squared change of the gradient, is rounding.
lbfgs_least_curvature <- 2^-52

# Minimise a function of p numbers from `start`.
#
# `objective(x)` gives a list of the function's `value` and its `gradient` (p); a value or gradient
# that is not finite counts as too high: the line search goes back. It stops when the largest
# absolute entry of the gradient is at most `tol`. `after_iteration(iteration, x, value, gradient)`
# is called after each step, from 1 on; if it returns TRUE, that step is the last. `arithmetic` is
# what it computes with.
#
# Returns a list: `x`, `value` and `gradient` where it ended; `iterations` and `evaluations`, how
# many steps were made, and how often function and gradient were computed; `stopped`: "gradient",
# its largest entry is within the tolerance; "line_search", no step lowers the function any more,
# which near a minimum is a matter of rounding; "max_iter"; "asked", after_iteration returned TRUE.
lbfgs <- function(objective, start, max_iter = 200, tol = 1e-4, memory = lbfgs_memory,
                  after_iteration = NULL, arithmetic = arithmetics$fast) {
  dot <- arithmetic$dot
  x <- as.double(start)
  at <- objective(x)
  value <- at$value
  gradient <- at$gradient
  evaluations <- 1
  steps <- changes <- list()
  lowest <- value
  smallest <- largest_entry(gradient)
  iteration <- idle <- 0
  stopped <- NULL
  while (iteration < max_iter) {
    if (largest_entry(gradient) <= tol) break
    direction <- lbfgs_direction(gradient, steps, changes, dot)
    slope <- dot(direction, gradient)
    if (!isTRUE(slope < 0)) { # rounding alone
      steps <- changes <- list()
      direction <- -gradient
      slope <- dot(direction, gradient)
    }
    first <- if (length(steps) > 0L) 1 else min(1, 1 / sqrt(-slope))
    found <- line_search(objective, x, value, gradient, direction, slope, first, dot)
    evaluations <- evaluations + found$tried
    trial <- found$trial
    if (is.null(trial)) {
      if (length(steps) == 0L) {
        stopped <- "line_search"
        break
      }
      steps <- changes <- list() # what is remembered may mislead: once more, straight down
      next
    }
    idle <- idle + 1
    if (trial$value < lowest || largest_entry(trial$gradient) < smallest) {
      idle <- 0
      lowest <- min(lowest, trial$value)
      smallest <- min(smallest, largest_entry(trial$gradient))
    }
    step <- trial$x - x
    change <- trial$gradient - gradient
    if (dot(step, change) > lbfgs_least_curvature * dot(change, change)) {
      steps <- utils::tail(c(steps, list(step)), memory)
      changes <- utils::tail(c(changes, list(change)), memory)
    }
    x <- trial$x
    value <- trial$value
    gradient <- trial$gradient
    iteration <- iteration + 1
    if (!is.null(after_iteration) && isTRUE(after_iteration(iteration, x, value, gradient))) {
      stopped <- "asked"
      break
    }
    if (idle == lbfgs_most_idle) {
      stopped <- "line_search"
      break
    }
  }
  if (is.null(stopped)) {
    stopped <- if (largest_entry(gradient) <= tol) "gradient" else "max_iter"
  }
  list(
    x = x, value = value, gradient = gradient, iterations = iteration, evaluations = evaluations,
    stopped = stopped
  )
}

largest_entry <- function(gradient) max(0, abs(gradient))

# -H gradient by the two loops of algorithm 7.4; H starts as gamma I, equation 7.20.
lbfgs_direction <- function(gradient, steps, changes, dot = arithmetics$fast$dot) {
  direction <- -gradient
  remembered <- length(steps)
  shares <- numeric(remembered)
  for (i in rev(seq_len(remembered))) {
    shares[i] <- dot(steps[[i]], direction) / dot(changes[[i]], steps[[i]])
    direction <- direction - shares[i] * changes[[i]]
  }
  if (remembered > 0L) {
    change <- changes[[remembered]]
    direction <- direction * (dot(steps[[remembered]], change) / dot(change, change))
  }
  for (i in seq_len(remembered)) {
    back <- dot(changes[[i]], direction) / dot(changes[[i]], steps[[i]])
    direction <- direction + (shares[i] - back) * steps[[i]]
  }
  direction
}

# A step that meets the strong Wolfe conditions, and how many were tried. If none is found among
# `lbfgs_most_trials`, the best that was seen with a sufficient decrease; NULL without such a one.
line_search <- function(objective, x, value, gradient, direction, slope, first, dot) {
  tried <- 0
  at <- function(step) {
    tried <<- tried + 1
    there <- x + step * direction
    found <- objective(there)
    along <- dot(found$gradient, direction)
    if (!is.finite(found$value) || !is.finite(along)) {
      found$value <- Inf
      along <- NaN
    }
    list(step = step, value = found$value, slope = along, x = there, gradient = found$gradient)
  }
  too_high <- function(trial, low) {
    enough <- value + lbfgs_decrease * trial$step * slope
    highest <- if (low$step > 0) min(enough, low$value) else enough
    trial$value > highest + lbfgs_rounding * abs(value)
  }
  flat <- function(trial) abs(trial$slope) <= -lbfgs_curvature * slope

  # algorithm 3.5: longer steps, until an interval is known to hold a good one
  low <- list(step = 0, value = value, slope = slope, x = x, gradient = gradient)
  step <- first
  repeat {
    trial <- at(step)
    if (too_high(trial, low)) {
      high <- trial
      break
    }
    if (flat(trial)) {
      return(list(trial = trial, tried = tried))
    }
    if (trial$slope >= 0) {
      high <- low
      low <- trial
      break
    }
    low <- trial
    step <- 2 * step
    if (tried >= lbfgs_most_trials) {
      return(list(trial = low, tried = tried))
    }
  }

  # algorithm 3.6: `low` has the lowest value so far that decreases enough; narrow the interval
  while (tried < lbfgs_most_trials) {
    trial <- at(between(low, high))
    if (too_high(trial, low)) {
      high <- trial
      next
    }
    if (flat(trial)) {
      return(list(trial = trial, tried = tried))
    }
    if (trial$slope * (high$step - low$step) >= 0) high <- low
    low <- trial
  }
  list(trial = if (low$step > 0) low, tried = tried)
}

# The minimum of the cubic through both ends, equation 3.59, kept inside of them.
between <- function(low, high) {
  width <- high$step - low$step
  middle <- low$step + 0.5 * width
  if (!is.finite(high$value)) {
    return(middle)
  }
  first <- low$slope + high$slope - 3 * (low$value - high$value) / (low$step - high$step)
  inside <- first * first - low$slope * high$slope
  if (!isTRUE(inside >= 0)) {
    return(middle)
  }
  second <- if (width < 0) -sqrt(inside) else sqrt(inside)
  below <- high$slope - low$slope + 2 * second
  if (below == 0) {
    return(middle)
  }
  share <- 1 - (high$slope + second - first) / below
  low$step + min(max(share, lbfgs_margin), 1 - lbfgs_margin) * width
}
