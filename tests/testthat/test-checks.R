test_that("given values are written as in all languages", {
  given <- list(
    null = NULL, true = TRUE, false = FALSE, 3, 3L, 0.1, 1e20, 1 / 3, NaN, Inf, -Inf, NA, NA_real_,
    "a\"b\\c", strrep("x", 61), list(), list(1, 2), list(a = 1), 1:3, character(),
    matrix(0, 2, 3), data.frame(a = 1:4), factor("f"), identity
  )
  want <- c(
    "null", "true", "false", "3", "3", "0.1", "1e+20", "0.333333333333333", "NaN", "Inf", "-Inf",
    "NA", "NA", "\"a\\\"b\\\\c\"", paste0("\"", strrep("x", 60), "...\""), "a list of 0",
    "a list of 2", "an object", "a list of 3", "a list of 0", "a list of 2", "a list of 4",
    "\"f\"", "a function"
  )
  expect_identical(unname(vapply(given, describe, "")), want)
})

test_that("a matrix may be a matrix, a data frame or a list of rows", {
  want <- rbind(c(1, 2), c(3, 4))
  expect_identical(check_matrix(want, "x", 2), want)
  expect_identical(check_matrix(rbind(1:2, 3:4), "x", 2), want)
  expect_identical(check_matrix(data.frame(a = c(1, 3), b = c(2L, 4L)), "x", 2), want)
  expect_identical(check_matrix(list(c(1, 2), list(3, 4L)), "x", 2), want)
  named <- matrix(want, 2, dimnames = list(c("r", "s"), c("a", "b")))
  expect_identical(check_matrix(named, "x", 2), want)
})

test_that("what is no matrix of finite numbers is told where it is at fault", {
  fault <- function(value, message) {
    expect_input_error(check_matrix(value, "x", 2), message)
  }
  fault(1, "x must be a list of rows, each a list of numbers, got 1")
  fault(NULL, "x must be a list of rows, each a list of numbers, got null")
  fault(c(1, 2), "x row 1 must be a list of numbers, got 1")
  fault(matrix(0, 0, 2), "x must have at least 1 row, got 0")
  fault(matrix(0, 2, 3), "x row 1 must have 2 values, got 3")
  # by rows, although R stores columns
  fault(rbind(c(1, NaN), c(Inf, 1)), "x row 1, column 2 must be a finite number, got NaN")
  fault(rbind(c(1L, 2L), c(NA, 1L)), "x row 2, column 1 must be a finite number, got NA")
  fault(matrix(c("1", "2"), 1), "x row 1, column 1 must be a finite number, got \"1\"")
  fault(matrix(TRUE, 1, 2), "x row 1, column 1 must be a finite number, got true")
  fault(
    data.frame(a = 1, b = "u"), "x row 1, column 2 must be a finite number, got \"u\""
  )
  fault(
    data.frame(a = 1, b = factor("u")), "x row 1, column 2 must be a finite number, got \"u\""
  )
})

test_that("integers may be doubles without a fraction", {
  expect_identical(check_integer(3, "n", 1), 3)
  expect_identical(check_integer(3L, "n", 1), 3)
  for (bad in list(2.5, 0, TRUE, "3", NULL, NaN, Inf, c(1, 2), factor("3"))) {
    expect_input_error(
      check_integer(bad, "n", 1), paste("n must be an integer >= 1, got", describe(bad))
    )
  }
})

test_that("a key that is there twice is refused", {
  expect_input_error(
    check_object(list(a = 1, b = 2, a = 3), "o"), "o must have distinct keys, got \"a\" twice"
  )
})
