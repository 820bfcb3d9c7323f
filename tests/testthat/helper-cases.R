# The conformance cases of tests/cases (see its README.md) and how results are compared: section 10
# of the contract.

# After one update: exp and tanh differ in the last bit between libraries, and BLAS sums in its own
# order. After up to 1,000 updates these differences have grown.
tolerance_first <- 1e-12
tolerance_later <- 1e-10

# Of a case in portable arithmetic every number is the same to the last bit.
is_exact <- function(plan) identical(plan[["training"]][["arithmetic"]], "portable")

case_paths <- function(...) {
  list.files(test_path("..", "cases", ...), pattern = "[.]json$", full.names = TRUE)
}

read_json <- function(path) {
  jsonlite::parse_json(paste(readLines(path, warn = FALSE, encoding = "UTF-8"), collapse = "\n"))
}

# A list of rows as a matrix.
as_matrix <- function(rows) {
  matrix(as.double(unlist(rows)), length(rows), byrow = TRUE)
}

# A list over layers as a list of matrices or of vectors.
as_matrices <- function(layers) lapply(layers, as_matrix)
as_vectors <- function(layers) lapply(layers, function(values) as.double(unlist(values)))

shape <- function(array) if (is.null(dim(array))) length(array) else dim(array)

# One group: lists of arrays, against the largest absolute value that the reference has in it, or
# that `scale_of` has. Shapes first, then NaN, then values; a missing field is a failure. With
# tolerance 0 every bit counts, the sign of a zero too.
expect_same_group <- function(got, want, tolerance, label, scale_of = want) {
  expect_identical(lapply(got, shape), lapply(want, shape), label = paste("the shapes of", label))
  got <- unlist(got)
  want <- unlist(want)
  if (length(got) != length(want)) {
    return(invisible())
  }
  expect_false(anyNA(got) || anyNA(want), label = paste("a NaN in", label))
  gap <- if (length(want) == 0L) 0 else max(abs(got - want))
  size <- if (length(want) == 0L) 0 else max(abs(unlist(scale_of)))
  if (tolerance == 0) {
    same <- identical(as.double(got), as.double(want), single.NA = FALSE, num.eq = FALSE)
    expect_true(same, label = paste(label, "has the same bits"))
  }
  expect_lte(gap, tolerance * size, label = paste("the gap of", label))
}

# Three sets of samples that tests share.
xor_x <- rbind(c(0, 0), c(0, 1), c(1, 0), c(1, 1))
xor_d <- cbind(c(0, 1, 1, 0))

expect_input_error <- function(code, message) {
  condition <- expect_error(code, class = "twinprop_input_error")
  expect_s3_class(condition, "twinprop_error")
  expect_identical(conditionMessage(condition), message)
}
