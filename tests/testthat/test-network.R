test_that("starting weights are drawn layer by layer, row by row, then the biases", {
  stream <- tp_random_stream(3)
  start <- tp_starting_weights(c(2, 3, 1), "uniform", 3)
  expect_identical(start$weights[[1]], matrix(-1 + 2 * stream$uniform(6), 3, byrow = TRUE))
  expect_identical(start$biases[[1]], -1 + 2 * stream$uniform(3))
  expect_identical(start$weights[[2]], matrix(-1 + 2 * stream$uniform(3), 1))
  expect_identical(start$biases[[2]], -1 + 2 * stream$uniform(1))
})

test_that("each init keeps its limit, and draws biases or leaves them 0", {
  limits <- c(xavier = sqrt(6 / 400), he = sqrt(6 / 100), torch = 0.1, uniform = 1)
  for (init in names(limits)) {
    start <- tp_starting_weights(c(100, 300), init, 5)
    u <- tp_random_stream(5)$uniform(30000)
    limit <- limits[[init]]
    expect_identical(start$weights[[1]][1, ], (-limit + (limit - -limit) * u)[1:100])
    expect_identical(any(start$biases[[1]] != 0), init %in% c("torch", "uniform"), label = init)
  }
})

test_that("weights and biases given by hand", {
  w <- list(rbind(c(1, 2), c(3, 4)), rbind(c(5, 6)))
  b <- list(c(0.1, 0.2), 0.3)
  both <- tp_network(c(2, 2, 1), weights = w, biases = b)
  expect_identical(both$weights, w)
  expect_identical(both$biases, b)
  expect_identical(tp_network(c(2, 2, 1), weights = w)$biases, list(c(0, 0), 0))
  drawn <- tp_network(c(2, 2, 1), init = "torch", biases = b)
  expect_identical(drawn$biases, b)
  expect_identical(drawn$weights, tp_starting_weights(c(2, 2, 1), "torch", 42)$weights)
})

test_that("one-unit layers stay matrices and vectors", {
  network <- tp_network(c(1, 1, 1), "tanh")
  expect_identical(lapply(network$weights, dim), list(c(1L, 1L), c(1L, 1L)))
  run <- tp_train(network, cbind(c(1, 2)), cbind(c(0, 1)), batch_size = NULL, epochs = 3)
  expect_identical(lapply(run$weights, dim), list(c(1L, 1L), c(1L, 1L)))
  expect_identical(lengths(run$biases), c(1L, 1L))
  expect_identical(dim(run$outputs), c(2L, 1L))
})

test_that("a network survives saveRDS()", {
  network <- tp_network(c(2, 4, 1))
  path <- tempfile(fileext = ".rds")
  on.exit(unlink(path))
  saveRDS(network, path)
  expect_identical(readRDS(path), network)
  expect_identical(predict(readRDS(path), xor_x), predict(network, xor_x))
})

test_that("bad arguments", {
  expect_input_error(
    tp_network(3), "layers must be a list of at least 2 integers >= 1, got 3"
  )
  expect_input_error(
    tp_network(c(2, 0, 1)), "layers entry 2 must be an integer >= 1, got 0"
  )
  expect_input_error(
    tp_network(c(2, 1), init = "zeros"),
    "init must be one of \"xavier\", \"he\", \"torch\", \"uniform\", got \"zeros\""
  )
  expect_input_error(
    tp_network(c(2, 1), seed = NaN),
    "seed must be an integer from -2147483647 to 2147483647, got NaN"
  )
  expect_input_error(
    tp_network(c(2, 1), weights = list()),
    "weights must have one matrix for each layer after the input (1), got 0"
  )
  expect_input_error(
    tp_network(c(2, 1), weights = list(matrix(1, 2, 1))), "weights layer 2 must have 1 rows, got 2"
  )
  expect_input_error(
    tp_network(c(2, 1), weights = list(cbind(1, NA))),
    "weights layer 2 row 1, column 2 must be a finite number, got NA"
  )
  expect_input_error(
    tp_network(c(2, 1), biases = list(c(1, 2))), "biases layer 2 must have 1 values, got 2"
  )
  expect_input_error(
    tp_network(c(2, 1), biases = list(Inf)),
    "biases layer 2 value 1 must be a finite number, got Inf"
  )
  expect_input_error(
    tp_starting_weights(c(2, 1), seed = 0.5),
    "seed must be an integer from -2147483647 to 2147483647, got 0.5"
  )
})

test_that("a network whose parts do not fit is refused", {
  network <- tp_network(c(2, 2, 1))
  expect_input_error(
    predict(structure(1, class = "tp_network"), xor_x),
    "network must be a network made by tp_network(), got 1"
  )
  network$weights[[1]] <- diag(3)
  expect_input_error(predict(network, xor_x), "weights layer 2 must have 2 rows, got 3")
  expect_input_error(
    tp_forward("net", xor_x), "network must be a network made by tp_network(), got \"net\""
  )
})
