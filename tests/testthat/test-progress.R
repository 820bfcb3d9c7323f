lines_of <- function(epochs) {
  reporter <- line_reporter(epochs)
  testthat::capture_messages(for (epoch in seq_len(epochs)) reporter$epoch(epoch, 1 / epoch))
}

test_that("up to 20 epochs have a line each", {
  lines <- lines_of(20)
  expect_length(lines, 20)
  expect_identical(lines[3], "epoch 3/20 cost 0.333333\n")
})

test_that("more epochs have at most 20 lines, the last one among them", {
  for (epochs in c(21, 50, 999, 1001)) {
    lines <- lines_of(epochs)
    expect_lte(length(lines), 21)
    expect_gte(length(lines), 10)
    expect_match(lines[length(lines)], sprintf("epoch %d/%d ", epochs, epochs), fixed = TRUE)
  }
})

test_that("without progress, training is silent", {
  expect_silent(tp_train(tp_network(c(2, 2, 1)), xor_x, xor_d, epochs = 3))
})

test_that("the bar follows the epochs", {
  skip_if_not_installed("cli")
  reporter <- bar_reporter(3)
  shown <- capture.output(type = "message", {
    for (epoch in 1:3) reporter$epoch(epoch, 0.5)
    reporter$close()
  })
  expect_type(shown, "character")
})
