test_that("a condition has its kind, the package's class and only the message", {
  condition <- tryCatch(input_error("a", 1), error = identity)
  expect_identical(
    class(condition), c("twinprop_input_error", "twinprop_error", "error", "condition")
  )
  expect_identical(conditionMessage(condition), "a1")
  expect_null(conditionCall(condition))
  expect_error(divergence_error("x"), class = "twinprop_divergence_error")
  expect_error(denominator_error("x"), class = "twinprop_denominator_error")
})
