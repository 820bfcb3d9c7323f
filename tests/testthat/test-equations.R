# Twins: tests/python/test_explain.py, tests/js/equations.test.js

z <- quantity("z", -1.5, 1.5, 2L, 1L)
a <- quantity("a", 0.25, 0.25, 2L, 1L, sample = 3L)
w <- quantity("W", 2, 2, 3L, c(1L, 2L), new = TRUE)

in_symbols <- function(expression, notation = in_text) write_expression(expression, notation)
in_numbers <- function(expression, notation = in_text) write_expression(expression, notation, TRUE)

test_that("symbols are written with layer, place, sample and new", {
  expect_equal(in_symbols(z), "z[2]_1")
  expect_equal(in_symbols(a), "a[2]_1^(3)")
  expect_equal(in_symbols(w), "new W[3]_1,2")
  expect_equal(in_symbols(quantity("f'", 1, 1, 2L, 1L, 3L)), "f'(z[2]_1^(3))")
  expect_equal(in_symbols(quantity("dC/dW", 1, 1, 3L, c(1L, 2L))), "dC/dW[3]_1,2")
  expect_equal(in_symbols(a, in_latex), "a^{[2](3)}_{1}")
  expect_equal(in_symbols(w, in_latex), "{W^{[3]}_{1,2}}^{\\text{new}}")
  expect_equal(
    in_symbols(quantity("dC/dW", 1, 1, 3L, c(1L, 2L)), in_latex),
    "\\frac{\\partial C}{\\partial W^{[3]}_{1,2}}"
  )
  expect_equal(
    in_symbols(a, in_mathml), "<msubsup><mi>a</mi><mtext>1</mtext><mtext>[2](3)</mtext></msubsup>"
  )
})

test_that("what holds together less stands in parentheses", {
  expect_equal(in_numbers(product(w, z)), "2 * (-1.5)")
  expect_equal(in_numbers(minus(z)), "-(-1.5)")
  expect_equal(in_numbers(z), "-1.5")
  expect_equal(in_symbols(product(a, difference(one, a))), "a[2]_1^(3) * (1 - a[2]_1^(3))")
  expect_equal(in_symbols(quotient(one, sum_of(list(one, w)))), "1 / (1 + new W[3]_1,2)")
  fraction <- quotient(one, sum_of(list(one, z)))
  expect_equal(in_symbols(fraction, in_latex), "\\frac{1}{1 + z^{[2]}_{1}}")
  expect_equal(in_numbers(power(z, two)), "(-1.5)^2")
  expect_equal(in_symbols(power(z, two), in_latex), "{z^{[2]}_{1}}^{2}")
  expect_equal(in_numbers(cases(z, one, constant(0.01))), "1 if -1.5 > 0 else 0.01")
  expect_equal(in_symbols(sum_of(list(w))), "new W[3]_1,2")
  expect_equal(in_numbers(call_of("max", z, zero)), "max(-1.5, 0)")
})

test_that("long sums are shortened, and only what is written is made", {
  made <- c()
  long <- total(100, function(i) {
    made <<- c(made, i)
    quantity("x", i, i, place = i)
  })
  expect_equal(in_symbols(long), "x_1 + x_2 + x_3 + x_4 + ... + x_99 + x_100")
  expect_equal(made, c(1:4, 99:100))
  expect_equal(in_numbers(total(10, constant)), "1 + 2 + 3 + 4 + 5 + 6 + 7 + 8 + 9 + 10")
})

test_that("numbers are rounded to their size first", {
  expect_equal(shown(0.1 + 0.2 - 0.3, 0.6), "0")
  expect_equal(shown(5.551115e-17, 5.551115e-17), "5.55112e-17")
  expect_equal(shown(1 / 3, 1), "0.333333")
  # a tie goes the same way whichever side of it the last bit is
  tie <- 0.1234565
  texts <- vapply(c(-2, -1, 0, 1, 2), function(k) shown(tie + k * 2^-56, tie), "")
  expect_equal(unique(texts), sprintf("%.6g", tie))
  expect_gt(length(unique(sprintf("%.17g", tie + c(-2, -1, 0, 1, 2) * 2^-56))), 2L)
  expect_equal(shown(-0.0, 1), "0")
  expect_equal(shown(1234567, 1234567), "1.23457e+06")
  expect_equal(shown(c(NaN), 1), "NaN")
  expect_equal(shown(-Inf, 1), "-Inf")
  expect_equal(shown(0, 0), "0")
  expect_equal(shown(1e-300, 1e-300), "1e-300")
})
