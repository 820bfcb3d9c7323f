test_that("predict() gives the outputs, with the row names of the inputs", {
  network <- tp_network(c(2, 3, 2))
  outputs <- tp_forward(network, xor_x)$a[[3]]
  expect_identical(predict(network, xor_x), outputs)
  named <- matrix(xor_x, 4, dimnames = list(letters[1:4], NULL))
  expect_identical(rownames(predict(network, named)), letters[1:4])
  frame <- data.frame(a = xor_x[, 1], b = xor_x[, 2])
  expect_identical(predict(network, frame), outputs)
  expect_identical(rownames(predict(network, frame[c(2, 4), ])), c("2", "4"))
  expect_input_error(
    predict(network, cbind(1, NA)), "newdata row 1, column 2 must be a finite number, got NA"
  )
})

test_that("print() fits on one screen and returns its argument", {
  small <- tp_network(c(2, 3, 1))
  large <- tp_network(c(20, 50, 3))
  deep <- tp_network(rep(1, 20))
  for (object in list(small, large, deep, tp_train(small, xor_x, xor_d, epochs = 2))) {
    lines <- capture.output(printed <- withVisible(print(object)))
    expect_lte(length(lines), 24)
    expect_identical(printed$value, object)
    expect_false(printed$visible)
  }
  expect_output(
    print(small), "A multilayer perceptron 2-3-1 (sigmoid, sigmoid), 9 weights, 4 biases",
    fixed = TRUE
  )
  expect_output(print(tp_train(small, xor_x, xor_d, epochs = 2)), "8 updates in 2 epochs")
})

test_that("summary() of a network has a row for each layer after the input", {
  network <- tp_network(c(2, 2, 1), "tanh", weights = list(rbind(1:2, 3:4), rbind(c(-1, 1))))
  expect_identical(summary(network), data.frame(
    layer = 2:3, units = 2:1, activation = "tanh", weights = c(4L, 2L), smallest = c(1, -1),
    mean = c(2.5, 0), largest = c(4, 1)
  ))
})

test_that("summary() of a run shows at most ten epochs, the first and the last among them", {
  network <- tp_network(c(2, 2, 1))
  expect_identical(summary(tp_train(network, xor_x, xor_d, epochs = 3))$epoch, 1:3)
  shown <- summary(tp_train(network, xor_x, xor_d, epochs = 57))$epoch
  expect_lte(length(shown), 10)
  expect_identical(range(shown), c(1L, 57L))
  expect_identical(nrow(summary(tp_train(network, xor_x, xor_d, epochs = 0))), 0L)
})
