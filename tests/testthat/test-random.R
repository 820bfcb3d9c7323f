# R's own generator is the reference.

with_r_stream <- function(seed, code) {
  user <- user_random()
  on.exit(restore_user_random(user))
  set.seed(seed, "Mersenne-Twister", "Inversion", "Rejection")
  force(code)
}

for (seed in c(0, 1, 42, 2026, -5, 2147483647, -2147483647)) {
  test_that(paste("the stream is R's, seed", seed), {
    stream <- tp_random_stream(seed)
    drawn <- c(stream$uniform(3), stream$uniform(0), stream$uniform(1000))
    expect_identical(drawn, with_r_stream(seed, runif(1003)))
  })
}

test_that("an order is that of uniform numbers, drawn anew each time", {
  stream <- tp_random_stream(7)
  orders <- list(stream$order(10), stream$order(10))
  expect_identical(orders, with_r_stream(7, list(order(runif(10)), order(runif(10)))))
})

test_that("two streams do not disturb each other", {
  a <- tp_random_stream(1)
  b <- tp_random_stream(2)
  drawn <- c(a$uniform(2), b$uniform(2), a$uniform(2))
  expect_identical(drawn[c(1, 2, 5, 6)], with_r_stream(1, runif(4)))
})

test_that("the user's stream goes on as if nothing had been drawn", {
  before <- user_random()
  on.exit({
    suppressWarnings(RNGkind(before$kind[1], before$kind[2], before$kind[3]))
    restore_user_random(before)
  })
  kinds <- list(
    c("Mersenne-Twister", "Inversion", "Rejection"),
    c("Wichmann-Hill", "Ahrens-Dieter", "Rejection"),
    c("L'Ecuyer-CMRG", "Inversion", "Rounding")
  )
  for (kind in kinds) {
    suppressWarnings(set.seed(11, kind[1], kind[2], kind[3]))
    want <- c(runif(3), rnorm(2), sample(10))
    suppressWarnings(set.seed(11, kind[1], kind[2], kind[3]))
    first <- runif(1)
    stream <- tp_random_stream(42)
    stream$uniform(5)
    second <- runif(1)
    stream$order(5)
    tp_network(c(2, 2, 1))
    tp_train(tp_network(c(2, 2, 1)), xor_x, xor_d, epochs = 2, shuffle = TRUE)
    rest <- c(runif(1), rnorm(2), sample(10))
    expect_identical(c(first, second, rest), want)
    expect_identical(RNGkind(), kind)
  }
})

test_that("a session in which nothing was drawn stays one", {
  before <- user_random()
  on.exit({
    suppressWarnings(RNGkind(before$kind[1], before$kind[2], before$kind[3]))
    restore_user_random(before)
  })
  for (kind in list(c("Mersenne-Twister", "Rejection"), c("Marsaglia-Multicarry", "Rounding"))) {
    suppressWarnings(RNGkind(kind[1], sample.kind = kind[2]))
    rm(".Random.seed", envir = globalenv())
    options(warn = 2)
    drawn <- tp_random_stream(42)$uniform(2)
    options(warn = 0)
    expect_identical(drawn, with_r_stream(42, runif(2)))
    expect_false(exists(".Random.seed", globalenv(), inherits = FALSE))
    expect_identical(RNGkind()[c(1, 3)], kind)
  }
})

test_that("seeds are 32-bit integers", {
  allowed <- "seed must be an integer from -2147483647 to 2147483647, got "
  expect_input_error(tp_random_stream(-2147483648), paste0(allowed, "-2147483648"))
  expect_input_error(tp_random_stream(2147483648), paste0(allowed, "2147483648"))
  expect_input_error(tp_random_stream(1.5), paste0(allowed, "1.5"))
  expect_input_error(tp_random_stream(NULL), paste0(allowed, "null"))
  expect_input_error(tp_random_stream(NA_integer_), paste0(allowed, "NA"))
  expect_input_error(tp_random_stream("1"), paste0(allowed, "\"1\""))
  expect_input_error(tp_random_stream(1:2), paste0(allowed, "a list of 2"))
  expect_input_error(tp_random_stream(1)$uniform(-1), "n must be an integer >= 0, got -1")
})
