# How columns become inputs. The referee is model.matrix().

penguins <- tp_dataset("penguins")
penguins <- penguins[stats::complete.cases(penguins), ]
penguins$late <- penguins$year > 2008
penguins$note <- rep_len(c("\u00c5", "apple", "Zebra", "\u00e4hnlich"), nrow(penguins))
penguins$size <- cut(
  penguins$body_mass_g, c(0, 3500, 4000, 5000, 9000), c("S", "M", "L", "XL"),
  ordered_result = TRUE
)

from_formula <- function(formula, data = penguins, contrasts = NULL) {
  frame_inputs(model.frame(formula, data), data, contrasts)
}

# What model.matrix() says, without the intercept; strings as factors by code point.
by_model_matrix <- function(formula, data = penguins, contrasts = NULL) {
  data$note <- factor(data$note, levels = sort_by_code_point(unique(data$note)))
  formula <- stats::delete.response(stats::terms(formula, data = data))
  x <- stats::model.matrix(formula, data, contrasts.arg = contrasts)
  unname(x[, attr(x, "assign") > 0L, drop = FALSE])
}

expect_as_model_matrix <- function(formula, ..., refused = NULL) {
  found <- from_formula(formula, ...)
  wanted <- by_model_matrix(formula, ...)
  attributes(wanted) <- list(dim = dim(wanted))
  expect_equal(found$x, wanted, tolerance = 1e-13)
  expect_identical(found$inputs$r_only$refused, refused)
  expect_equal(encode_inputs(found$inputs, penguins), wanted, tolerance = 1e-13)
  # rows alone, of which no column has all levels
  some <- penguins[c(5, 300), ]
  expect_equal(encode_inputs(found$inputs, some), wanted[c(5, 300), ], tolerance = 1e-13)
  invisible(found$inputs)
}

test_that("a formula's terms are those of model.matrix()", {
  for (formula in list(
    species ~ bill_length_mm + island,
    species ~ island * bill_length_mm * sex,
    species ~ island:sex,
    species ~ late:island + size,
    species ~ 0 + late + island,
    species ~ bill_depth_mm - 1 + island:bill_length_mm,
    species ~ size * note,
    species ~ late * note - late,
    species ~ I(bill_length_mm^2) + I(bill_length_mm * bill_depth_mm^2) + I((year)),
    log(body_mass_g) ~ . - note
  )) {
    inputs <- expect_as_model_matrix(formula)
    expect_null(inputs$r_only)
    expect_identical(check_inputs(inputs), inputs)
  }
})

test_that("a formula's contrasts are kept", {
  expect_as_model_matrix(
    species ~ island + sex + size,
    contrasts = list(island = "contr.sum", sex = contr.helmert, size = contr.treatment(4))
  )
  old <- options(contrasts = c("contr.sum", "contr.helmert"))
  on.exit(options(old))
  inputs <- expect_as_model_matrix(species ~ island + size)
  options(old)
  expect_identical(inputs$terms[[1L]]$parts[[1L]]$coding, c(1, 0, -1))
})

test_that("what only R computes stays R's", {
  expect_as_model_matrix(
    species ~ log(bill_length_mm) + island * sex, refused = "log(bill_length_mm)"
  )
  expect_as_model_matrix(
    species ~ I(bill_length_mm / 2):island + late, refused = "I(bill_length_mm/2):island"
  )
  found <- from_formula(species ~ poly(bill_length_mm, 2) + scale(year) + island)
  expect_identical(
    found$inputs$r_only$refused, c("poly(bill_length_mm, 2)", "scale(year)")
  )
  # with the coefficients of the training, not of the new rows
  expect_equal(encode_inputs(found$inputs, penguins[1:3, ]), found$x[1:3, ])
  scaled <- scale_inputs(found$inputs, found$x)
  expect_identical(scaled$center[4:5], c(0, 0))
  expect_gt(min(abs(scaled$scale[1:2] - 1)), 0.1)
  rows <- penguins[1:3, ]
  rows$year[2L] <- NA
  expect_identical(is.na(encode_inputs(found$inputs, rows, "pass")[, 1L]), c(FALSE, TRUE, FALSE))
  expect_error(encode_inputs(found$inputs, rows), "row 2 is missing")
  expect_input_error(
    encode_inputs(found$inputs, penguins["year"]),
    paste(
      "missing columns \"bill_length_mm\", \"island\";",
      "needed: \"bill_length_mm\", \"year\", \"island\""
    )
  )
  rows$island <- "Anvers"
  expect_error(encode_inputs(found$inputs, rows, "pass"), class = "twinprop_input_error")
})

test_that("what a formula must not have is said", {
  expect_input_error(
    from_formula(species ~ island + offset(bill_length_mm)),
    "the formula must have no offset, got offset(bill_length_mm)"
  )
  expect_input_error(
    from_formula(species ~ 1), "the formula must have at least 1 input, got 0"
  )
  one <- penguins
  one$island <- factor("Dream")
  expect_input_error(
    from_formula(species ~ island, one), "column \"island\" must have at least 2 levels, got 1"
  )
})

test_that("a data frame is encoded as the formula with all its columns", {
  columns <- c("size", "late", "note", "bill_length_mm", "island")
  inputs <- learn_inputs(penguins[columns])
  wanted <- from_formula(~ size + late + note + bill_length_mm + island)
  expect_identical(inputs, wanted$inputs)
  x <- encode_inputs(inputs, penguins)
  expect_equal(x, wanted$x, tolerance = 1e-14)
  expect_identical(encode_inputs(inputs, as.list(penguins)[columns]), x)
  expect_identical(encode_inputs(inputs, penguins[rev(names(penguins))]), x)
  as_strings <- transform(penguins, island = as.character(island), size = as.character(size))
  expect_identical(encode_inputs(inputs, as_strings), x)
  expect_identical(dim(encode_inputs(inputs, penguins[0L, ])), c(0L, 10L))
})

test_that("strings are sorted by code point in every locale", {
  strings <- c("b", "a", "B", "\u00e4", "\U1F600", "\uFF5E", "Z")
  wanted <- c("B", "Z", "a", "b", "\u00e4", "\uFF5E", "\U1F600")
  expect_identical(sort_by_code_point(strings), wanted)
  latin <- iconv("\u00e4", "UTF-8", "latin1")
  inputs <- learn_inputs(list(x = c("a", latin)))
  expect_identical(encode_inputs(inputs, list(x = "\u00e4")), cbind(1))
})

test_that("a matrix has names by place, or its own", {
  inputs <- learn_inputs(cbind(1:2, 3:4))
  expect_identical(vapply(inputs$columns, `[[`, "", "name"), c("x1", "x2"))
  expect_identical(encode_inputs(inputs, cbind(5, 6)), cbind(5, 6))
  expect_identical(encode_inputs(inputs, cbind(x2 = 6, x1 = 5)), cbind(5, 6))
  expect_input_error(
    encode_inputs(inputs, cbind(a = 1, b = 2)),
    "missing columns \"x1\", \"x2\"; needed: \"x1\", \"x2\""
  )
})

test_that("levels are found by their text", {
  inputs <- learn_inputs(data.frame(cyl = factor(c(4, 6, 8))))
  wanted <- rbind(c(0, 0), c(1, 0), c(0, 1))
  expect_identical(encode_inputs(inputs, data.frame(cyl = c(4, 6, 8))), wanted)
  expect_identical(encode_inputs(inputs, data.frame(cyl = c(4L, 6L, 8L))), wanted)
  expect_identical(encode_inputs(inputs, data.frame(cyl = c("4", "6", "8"))), wanted)
  # a factor's codes mean nothing
  other <- factor(c(4, 6, 8), levels = c(8, 6, 4, 2))
  expect_identical(encode_inputs(inputs, data.frame(cyl = other)), wanted)
  # NA is no level
  expect_error(encode_inputs(inputs, data.frame(cyl = NA)), "row 1 is missing")
  expect_error(
    encode_inputs(learn_inputs(list(x = c("a", "NA"))), list(x = NA_character_)), "is missing"
  )
})

test_that("what cannot be learned is said in Python's words", {
  expect_input_error(learn_inputs(3), "the data must be a data frame or a matrix, got 3")
  expect_input_error(learn_inputs(data.frame()), "the data must have at least 1 column, got 0")
  expect_input_error(
    learn_inputs(list(a = 1, b = 1:2)), "the columns must have the same number of rows, got [1, 2]"
  )
  expect_input_error(
    learn_inputs(data.frame(a = 1, a = 2, check.names = FALSE)), "column \"a\" is there twice"
  )
  expect_input_error(
    learn_inputs(list(a = c(NA, NA))), "column \"a\" must have at least 1 value, got 0"
  )
  expect_input_error(
    learn_inputs(list(a = c("x", "x"))), "column \"a\" must have at least 2 levels, got 1"
  )
  expect_input_error(
    learn_inputs(list(a = factor(1, 1:96, ordered = TRUE))),
    "column \"a\" must have at most 95 ordered levels, got 96"
  )
  for (column in list(Sys.Date(), as.POSIXct(0, origin = "1970-01-01"), 1i)) {
    expect_error(
      learn_inputs(list(a = column)), "must hold numbers, strings, levels or true and false, got"
    )
  }
})

test_that("the scale is that of n, with weights that are rows", {
  x <- as.matrix(mtcars)
  got <- learn_scale(x)
  expect_equal(got$center, unname(colMeans(x)), tolerance = 1e-14)
  n <- nrow(x)
  expect_equal(got$scale, unname(apply(x, 2L, sd) * sqrt((n - 1) / n)), tolerance = 1e-13)
  expect_equal(unscaled(scaled(x, got$center, got$scale), got$center, got$scale), x)
  weight <- rep_len(0:3, n)
  expect_equal(learn_scale(x, weight), learn_scale(x[rep(seq_len(n), weight), ]), tolerance = 1e-13)
  expect_identical(learn_scale(cbind(c(0.1, 0.1, 0.1))), list(center = 0.1, scale = 1))
  expect_identical(learn_scale(cbind(c(1, 7, 2)), c(0, 1, 0)), list(center = 7, scale = 1))
  # and so where the squares are too small for a double
  expect_identical(learn_scale(cbind(c(1e-200, 2e-200)))$scale, 1)
  expect_input_error(
    learn_scale(cbind(c(1e308, -1e308))), "column 1 has values too large to be standardised"
  )
})

test_that("only terms with a number are standardised", {
  found <- from_formula(species ~ island * bill_length_mm + late + size)
  inputs <- scale_inputs(found$inputs, found$x)
  names <- vapply(inputs$terms, `[[`, "", "name")
  with_number <- grepl("bill_length_mm", names)
  expect_identical(inputs$center == 0 & inputs$scale == 1, !with_number)
  x <- encode_inputs(inputs, penguins)
  expect_equal(colMeans(x)[with_number], rep(0, 3), tolerance = 1e-12)
  expect_equal(colMeans(x^2)[with_number], rep(1, 3), tolerance = 1e-12)
})

test_that("classes become columns of 0 and 1, and columns classes", {
  for (y in list(
    penguins$species, penguins$sex, penguins$note, penguins$late, penguins$year,
    factor(c("a", "b"), levels = c("b", "a", "c"))
  )) {
    outputs <- learn_outputs(y, "classification")
    levels <- if (is.factor(y)) levels(y) else sort(unique(y), method = "radix")
    expect_identical(outputs$levels, if (is.numeric(y)) as.double(levels) else levels)
    d <- encode_outputs(outputs, y, "classification")
    expect_identical(ncol(d), n_outputs(outputs, "classification"))
    if (length(levels) > 2L) expect_identical(rowSums(d), rep(1, length(y)))
    expect_identical(as.character(decode_classes(class_places(d), outputs$levels)), as.character(y))
  }
  # -0 is 0
  expect_identical(sprintf("%g", learn_outputs(c(1, -0), "classification")$levels), c("0", "1"))
  expect_identical(level_text(c(-0, 0.5)), c("0", "0.5"))
  expect_input_error(
    learn_outputs(c(1, 1), "classification"), "y must have at least 2 classes, got 1"
  )
  outputs <- learn_outputs(c("a", "b"), "classification", names = "kind")
  expect_identical(outputs$names, "kind")
  expect_input_error(
    encode_outputs(outputs, c("a", "c"), "classification"),
    "y row 2 must be one of \"a\", \"b\", got \"c\""
  )
  expect_input_error(encode_outputs(outputs, c("a", NA), "classification"), "y row 2 is missing")
})

test_that("numbers and labels are learned", {
  outputs <- learn_outputs(mtcars[c("mpg", "hp")], "regression")
  expect_identical(outputs$names, c("mpg", "hp"))
  d <- encode_outputs(outputs, mtcars[c("mpg", "hp")], "regression")
  expect_identical(d, unname(as.matrix(mtcars[c("mpg", "hp")])))
  scaled <- encode_outputs(scale_outputs(outputs, d), mtcars[c("mpg", "hp")], "regression")
  expect_equal(colMeans(scaled^2), c(1, 1))
  expect_identical(learn_outputs(1:3, "regression")$names, "y")
  expect_identical(learn_outputs(cbind(1:3, 1), "regression")$names, c("y1", "y2"))
  expect_input_error(
    encode_outputs(outputs, c(1, 2), "regression"), "y must have 2 columns, got 1"
  )
  labels <- data.frame(sun = c(TRUE, FALSE), wind = 0:1)
  outputs <- learn_outputs(labels, "multilabel")
  expect_identical(encode_outputs(outputs, labels, "multilabel"), diag(2))
  expect_input_error(
    encode_outputs(outputs, cbind(1, 2), "multilabel"), "y column 2 row 1 must be 0 or 1, got 2"
  )
})

test_that("outputs are probabilities and places", {
  expect_identical(class_probabilities(cbind(0.25), "sigmoid"), cbind(0.75, 0.25))
  expect_identical(class_probabilities(cbind(0.5, 0.5, 1), "sigmoid"), cbind(0.25, 0.25, 0.5))
  expect_identical(class_probabilities(cbind(0, 0, 0, 0), "sigmoid"), matrix(0.25, 1, 4))
  expect_identical(class_probabilities(cbind(0.2, 0.8), "softmax"), cbind(0.2, 0.8))
  expect_true(all(is.na(class_probabilities(matrix(NA_real_, 1, 3), "sigmoid"))))
  expect_error(class_probabilities(cbind(0, 0), "tanh"), "got \"tanh\"")
  expect_identical(class_places(cbind(c(0.5, 0.6, NA))), c(1L, 2L, NA))
  expect_identical(class_places(rbind(c(1, 2, 2), NA)), c(2L, NA))
})
