# The data sets against R's own and palmerpenguins', plan data against scale() and model.matrix().

# scale() adds in another order: a few bits of the mean, next to values of size 1
sum_order <- 1e-13

# rows, rows dropped from a plan, columns of x, columns of d; counted by hand from docs/data.md
shapes <- rbind(
  xor = c(4, 0, 2, 1),
  three_by_three = c(1, 0, 3, 3),
  iris = c(150, 0, 4, 3),
  penguins = c(344, 11, 9, 3),
  wine = c(178, 0, 13, 3),
  digits = c(1797, 0, 64, 10),
  diabetes = c(442, 0, 10, 1),
  linnerud = c(20, 0, 3, 3)
)

test_that("the names come in stated order", {
  expect_identical(tp_dataset_names(), rownames(shapes))
})

test_that("data sets and their plan data have the stated shapes", {
  for (name in rownames(shapes)) {
    shape <- shapes[name, ]
    plan <- dataset_plan_data(name)
    expect_equal(nrow(tp_dataset(name)), shape[[1]], info = name)
    expect_equal(plan$dropped, shape[[2]], info = name)
    expect_equal(dim(plan$x), c(shape[[1]] - shape[[2]], shape[[3]]), info = name)
    expect_equal(dim(plan$d), c(shape[[1]] - shape[[2]], shape[[4]]), info = name)
    expect_type(plan$x, "double")
    expect_type(plan$d, "double")
    expect_true(all(is.finite(plan$x), is.finite(plan$d)), info = name)
  }
})

test_that("the columns are those that datasets.json describes", {
  for (name in rownames(shapes)) {
    description <- dataset_descriptions()[[name]]
    frame <- tp_dataset(name)
    expect_identical(names(frame), names(description$columns), info = name)
    expect_equal(nrow(frame), description$rows, info = name)
    for (column in names(frame)) {
      levels <- unlist(description$columns[[column]]$levels)
      expect_identical(levels(frame[[column]]), levels, info = paste(name, column))
      expect_identical(is.numeric(frame[[column]]), is.null(levels), info = paste(name, column))
    }
  }
})

test_that("iris is R's own", {
  expect_identical(dataset_frame("iris"), datasets::iris)
})

test_that("penguins are palmerpenguins'", {
  skip_if_not_installed("palmerpenguins")
  expect_identical(dataset_frame("penguins"), as.data.frame(palmerpenguins::penguins))
})

test_that("a data set carries its attributes", {
  frame <- tp_dataset("penguins")
  expect_identical(attr(frame, "outputs"), "species")
  expect_identical(attr(frame, "inputs"), c(
    "island", "bill_length_mm", "bill_depth_mm", "flipper_length_mm", "body_mass_g", "sex"
  ))
  expect_null(attr(frame, "network"))
  for (name in rownames(shapes)) {
    for (field in c("title", "source", "licence")) {
      expect_match(attr(tp_dataset(name), field), "[[:alpha:]]", info = paste(name, field))
    }
  }
})

test_that("the first and last rows are read exactly", {
  expect_identical(
    as.double(tp_dataset("diabetes")[1, ]),
    c(59, 2, 32.1, 101, 157, 93.2, 38, 4, 4.8598, 87, 151)
  )
  expect_identical(as.double(tp_dataset("linnerud")[20, ]), c(2, 110, 43, 138, 33, 68))
  expect_identical(tp_dataset("wine")$proline[178], 560L)
  expect_identical(as.character(tp_dataset("digits")$digit[1:12]), as.character(c(0:9, 0:1)))
})

test_that("xor is the raw default of a plan", {
  plan <- dataset_plan_data("xor")
  expect_identical(unname(plan$x), cbind(c(0, 0, 1, 1), c(0, 1, 0, 1)))
  expect_identical(unname(plan$d), cbind(c(0, 1, 1, 0)))
})

test_that("three_by_three answers as in the book", {
  frame <- tp_dataset("three_by_three")
  network <- attr(frame, "network")
  expect_identical(network$layers, c(3L, 3L, 3L))
  expect_identical(network$activations, c("sigmoid", "sigmoid"))
  expect_identical(network$biases, list(numeric(3), numeric(3)))
  expect_identical(do.call(tp_network, network)$weights, network$weights)
  a <- unlist(frame[attr(frame, "inputs")])
  for (weights in network$weights) a <- 1 / (1 + exp(-drop(weights %*% a)))
  # By hand: the hidden neurons receive 0.9*0.9 + 0.3*0.1 + 0.4*0.8 = 1.16, 0.42 and 0.62
  hidden <- stats::plogis(c(1.16, 0.42, 0.62))
  expected <- stats::plogis(c(
    sum(c(0.3, 0.7, 0.5) * hidden), sum(c(0.6, 0.5, 0.2) * hidden), sum(c(0.8, 0.1, 0.9) * hidden)
  ))
  expect_equal(a, expected, tolerance = 1e-14)
  expect_equal(round(a, 4), c(0.7263, 0.7086, 0.7781))
})

test_that("numeric inputs are standardised with n, as scale() would", {
  for (name in setdiff(rownames(shapes), c("xor", "three_by_three"))) {
    frame <- tp_dataset(name)
    inputs <- attr(frame, "inputs")
    kept <- stats::na.omit(frame[c(inputs, attr(frame, "outputs"))])
    numbers <- inputs[vapply(frame[inputs], is.numeric, TRUE)]
    n <- nrow(kept)
    expected <- scale(data.matrix(kept[numbers])) * sqrt(n / (n - 1))
    expected[is.nan(expected)] <- 0 # scale() divides a constant column by 0
    x <- dataset_plan_data(name)$x[, numbers]
    expect_lt(max(abs(x - expected)), sum_order * max(abs(expected)), label = name)
  }
})

test_that("sums are taken from the first row to the last in float64", {
  # In float64 the first 1 is lost beside 1e16, so that the order shows; sum() would keep it.
  expect_identical(running_sum(c(1e16, 1, -1e16, 1)), 1)
  for (name in c("iris", "wine", "diabetes")) {
    x <- dataset_plan_data(name)$x
    for (column in colnames(x)) {
      values <- as.double(tp_dataset(name)[[column]])
      centred <- values - Reduce(`+`, values) / length(values)
      sd <- sqrt(Reduce(`+`, centred^2) / length(values))
      expect_identical(x[, column], centred / sd, info = paste(name, column))
    }
  }
})

test_that("a constant column becomes 0", {
  x <- dataset_plan_data("digits")$x
  expect_identical(
    colnames(x)[colSums(x != 0) == 0], c("pixel_0_0", "pixel_4_0", "pixel_4_7")
  )
  # The mean of six times 0.1 is not 0.1 in float64, so the sd is not quite 0 either
  expect_false(running_sum(rep(0.1, 6)) / 6 == 0.1)
  expect_identical(standardised(rep(0.1, 6)), numeric(6))
})

test_that("factors are one-hot in level order", {
  plan <- dataset_plan_data("penguins")
  expect_identical(colnames(plan$x), c(
    "island_Biscoe", "island_Dream", "island_Torgersen",
    "bill_length_mm", "bill_depth_mm", "flipper_length_mm", "body_mass_g",
    "sex_female", "sex_male"
  ))
  expect_identical(colnames(plan$d), c("species_Adelie", "species_Chinstrap", "species_Gentoo"))
  kept <- stats::na.omit(tp_dataset("penguins"))
  by_model_matrix <- function(formula) unname(stats::model.matrix(formula, kept)[, ])
  expect_identical(unname(plan$d), by_model_matrix(~ species - 1), ignore_attr = TRUE)
  expect_identical(unname(plan$x[, 1:3]), by_model_matrix(~ island - 1), ignore_attr = TRUE)
  expect_identical(unname(plan$x[, 8:9]), by_model_matrix(~ sex - 1), ignore_attr = TRUE)
  for (name in c("iris", "penguins", "wine", "digits")) {
    d <- dataset_plan_data(name)$d
    expect_true(all(rowSums(d) == 1, d == 0 | d == 1), info = name)
  }
})

test_that("numeric outputs stay as they are", {
  expect_identical(dataset_plan_data("diabetes")$d[1:3, 1], c(151, 75, 141))
  expect_identical(unname(dataset_plan_data("linnerud")$d[1, ]), c(191, 36, 50))
})

test_that("an unknown name is refused", {
  listed <- paste0("\"", rownames(shapes), "\"", collapse = ", ")
  expect_error(tp_dataset("foo"),
    paste0("dataset must be one of ", listed, ", got \"foo\""),
    fixed = TRUE, class = "twinprop_input_error"
  )
  expect_error(dataset_plan_data("foo", "data.dataset"),
    paste0("data.dataset must be one of ", listed, ", got \"foo\""),
    fixed = TRUE, class = "twinprop_input_error"
  )
  for (name in list("../data/iris", "iris.csv", "", NULL, NA, 3, c("iris", "wine"))) {
    expect_error(tp_dataset(name), "dataset must be one of", class = "twinprop_input_error")
  }
})

test_that("a data set leaves the user's objects alone", {
  before <- ls(globalenv())
  tp_dataset("iris")
  expect_identical(ls(globalenv()), before)
})
