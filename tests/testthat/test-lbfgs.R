# L-BFGS against optim() and known minima. Twin: tests/python/test_lbfgs.py

rosenbrock <- function(x) {
  odd <- seq(1, length(x), by = 2)
  a <- x[odd]
  b <- x[odd + 1]
  gradient <- numeric(length(x))
  gradient[odd] <- -400 * a * (b - a^2) - 2 * (1 - a)
  gradient[odd + 1] <- 200 * (b - a^2)
  list(value = sum(100 * (b - a^2)^2 + (1 - a)^2), gradient = gradient)
}

# 1/2 (x - w)' A (x - w): the minimum is w, the eigenvalues of A go from 1 to `condition`.
quadratic <- function(n, condition, seed = 1) {
  stream <- tp_random_stream(seed)
  q <- qr.Q(qr(matrix(stream$uniform(n * n) - 0.5, n)))
  a <- q %*% (condition^seq(0, 1, length.out = n) * t(q))
  wanted <- stream$uniform(n)
  list(
    wanted = wanted,
    objective = function(x) {
      gradient <- drop(a %*% (x - wanted))
      list(value = 0.5 * sum((x - wanted) * gradient), gradient = gradient)
    }
  )
}

test_that("Rosenbrock's function has its minimum at 1", {
  for (start in list(c(-1.2, 1), rep(c(-1.2, 1), 10), c(30, -40))) {
    found <- lbfgs(rosenbrock, start, max_iter = 1000, tol = 1e-10)
    expect_identical(found$stopped, "gradient")
    # the least curvature there is 0.4
    expect_lt(max(abs(found$x - 1)), 1e-9)
    expect_lte(max(abs(found$gradient)), 1e-10)
  }
})

test_that("it needs no more evaluations than optim()", {
  start <- rep(c(-1.2, 1), 10)
  found <- lbfgs(rosenbrock, start, max_iter = 1000, tol = 1e-6)
  by_optim <- stats::optim(
    start, function(x) rosenbrock(x)$value, function(x) rosenbrock(x)$gradient,
    method = "L-BFGS-B", control = list(lmm = 10, factr = 0, pgtol = 1e-6, maxit = 1000)
  )
  expect_lt(max(abs(found$x - by_optim$par)), 1e-5)
  expect_lte(found$evaluations, 1.5 * by_optim$counts[["gradient"]])
})

test_that("quadratics have known minima", {
  for (case in list(c(1, 1), c(2, 10), c(20, 100), c(50, 1e4))) {
    problem <- quadratic(case[1], case[2])
    found <- lbfgs(problem$objective, numeric(case[1]), max_iter = 5000, tol = 1e-8)
    expect_identical(found$stopped, "gradient")
    # the smallest eigenvalue is 1: x is as near as the gradient is small
    expect_lt(max(abs(found$x - problem$wanted)), 1e-8 * sqrt(case[1]))
  }
})

test_that("each step meets the strong Wolfe conditions", {
  problem <- quadratic(20, 1000)
  before <- c(list(x = rep(3, 20)), problem$objective(rep(3, 20)))
  steps <- 0
  lbfgs(problem$objective, before$x, max_iter = 30, tol = 0, after_iteration = function(i, x, value,
                                                                                       gradient) {
    step <- x - before$x
    slope <- sum(before$gradient * step)
    expect_lt(slope, 0)
    expect_lte(value, before$value + lbfgs_decrease * slope + 1e-14 * abs(before$value))
    expect_lte(abs(sum(gradient * step)), lbfgs_curvature * abs(slope))
    before <<- list(x = x, value = value, gradient = gradient)
    steps <<- steps + 1
    FALSE
  })
  expect_identical(steps, 30)
})

test_that("the direction is that of the dense formula", {
  stream <- tp_random_stream(4)
  steps <- changes <- list()
  for (i in 1:3) {
    steps[[i]] <- stream$uniform(5)
    changes[[i]] <- stream$uniform(5)
  }
  gradient <- stream$uniform(5) - 0.5
  h <- diag(5) * sum(steps[[3]] * changes[[3]]) / sum(changes[[3]]^2)
  for (i in 1:3) { # equation 7.16
    rho <- 1 / sum(changes[[i]] * steps[[i]])
    v <- diag(5) - rho * outer(changes[[i]], steps[[i]])
    h <- t(v) %*% h %*% v + rho * outer(steps[[i]], steps[[i]])
  }
  expect_equal(lbfgs_direction(gradient, steps, changes), drop(-h %*% gradient), tolerance = 1e-12)
})

test_that("the next trial is the minimum of the cubic", {
  trial <- function(at) { # x^3 - 3x, whose minimum is at 1
    list(step = at, value = at^3 - 3 * at, slope = 3 * at^2 - 3)
  }
  for (ends in list(c(0.5, 2.5), c(2, 0.25), c(0, 1.5))) {
    expect_equal(between(trial(ends[1]), trial(ends[2])), 1, tolerance = 1e-12)
  }
  # no nearer to an end than a tenth
  expect_equal(between(trial(0.99), trial(3)), 0.99 + 0.1 * 2.01)
  expect_identical(between(trial(0.5), utils::modifyList(trial(3), list(value = Inf))), 1.75)
})

test_that("a step is longer until the slope is flat enough", {
  # slopes -0.96, -0.92 and -0.84 at 1, 2 and 4: only the last is within 0.9 of the first, -1
  found <- lbfgs(
    function(x) list(value = 0.02 * x^2 - x, gradient = 0.04 * x - 1), 0, max_iter = 1
  )
  expect_identical(found$x, 4)
  expect_identical(found$evaluations, 4)
})

test_that("values that are not finite are too high", {
  found <- lbfgs(
    function(x) list(value = suppressWarnings(sum(x - log(x))), gradient = 1 - 1 / x),
    c(20, 0.01), tol = 1e-10, max_iter = 500
  )
  expect_identical(found$stopped, "gradient")
  expect_lt(max(abs(found$x - 1)), 1e-9)
})

test_that("there is an end", {
  at_minimum <- lbfgs(rosenbrock, c(1, 1))
  expect_identical(at_minimum$iterations, 0)
  expect_identical(at_minimum$evaluations, 1)
  expect_identical(at_minimum$stopped, "gradient")

  # no gradient gets below 1e-30 beside a value of 1e5
  problem <- quadratic(10, 100)
  rounded <- lbfgs(function(x) {
    at <- problem$objective(x)
    list(value = at$value + 1e5, gradient = at$gradient + 1e-9 * sin(1e12 * x))
  }, numeric(10), tol = 1e-30, max_iter = 10000)
  expect_identical(rounded$stopped, "line_search")
  expect_lt(rounded$iterations, 200)

  downhill <- function(x) list(value = -sum(x), gradient = c(-1, -1))
  expect_identical(lbfgs(downhill, c(0, 0), max_iter = 5)[c("iterations", "stopped")], list(
    iterations = 5, stopped = "max_iter"
  ))
  asked <- lbfgs(rosenbrock, c(-1.2, 1), after_iteration = function(i, ...) i == 3)
  expect_identical(asked[c("iterations", "stopped")], list(iterations = 3, stopped = "asked"))
})

test_that("any memory reaches the minimum", {
  for (memory in c(1, 2, 50)) {
    found <- lbfgs(rosenbrock, c(-1.2, 1), memory = memory, max_iter = 2000, tol = 1e-8)
    expect_lt(max(abs(found$x - 1)), 1e-6)
  }
})
