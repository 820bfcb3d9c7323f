# testthat is suggested, not needed.
if (requireNamespace("testthat", quietly = TRUE)) {
  library(testthat)
  library(twinprop)

  test_check("twinprop")
}
