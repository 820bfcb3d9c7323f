# The pictures: what is drawn is what the numbers say. Twin: tests/python/test_plots.py

shapes <- list(
  c(2, 4, 1), c(3, 3, 3), c(4, 8, 3), c(2, 12, 1), c(5, 1, 5), c(30, 20, 10), c(4, 8, 8, 8, 3)
)

# A network with weights of both signs, and samples.
plot_problem <- function(layers, activations = "tanh", rows = 1) {
  uniform <- tp_random_stream(sum(layers))$uniform
  list(
    network = tp_network(layers, activations, init = "uniform", seed = sum(layers)),
    x = 2 * matrix(uniform(rows * layers[1]), rows) - 1,
    d = matrix(uniform(rows * layers[length(layers)]), rows)
  )
}

# What base graphics were told to draw, on a device of this size: lists of arguments by function.
drawn_by <- function(code, width = 7, height = 7) {
  grDevices::pdf(NULL, width, height)
  on.exit(grDevices::dev.off())
  grDevices::dev.control("enable")
  value <- force(code)
  calls <- lapply(grDevices::recordPlot()[[1]], `[[`, 2)
  names <- vapply(calls, function(call) {
    if (is.list(call[[1]]) && !is.null(call[[1]]$name)) call[[1]]$name else ""
  }, "")
  calls <- split(calls, names)
  # what plot.xy() was given, by its names
  calls$C_plotXY <- lapply(calls$C_plotXY, function(call) {
    stats::setNames(call[-1], c("xy", "type", "pch", "lty", "col", "bg", "cex", "lwd"))
  })
  list(value = value, calls = calls)
}

# The size that a network's picture would like to have.
natural_size <- function(p) {
  layout <- network_layout(network_content(p$network, p$x, p$d))
  c(layout$width + 0.1, layout$height + 0.55)
}

# The tables of a comparison, made by hand: one rule stops, a cosine is missing.
comparison <- function() {
  rule <- c("transpose", "gradient", "proportional", "proportional_abs")
  costs <- do.call(rbind, lapply(0:3, function(i) {
    epoch <- seq_len(if (i == 2) 4 else 9)
    data.frame(rule = rule[i + 1], epoch = epoch, cost = 0.5 / (epoch + i))
  }))
  table <- do.call(rbind, lapply(2:3, function(layer) {
    i <- match(costs$rule, rule) - 1
    data.frame(
      rule = costs$rule, epoch = costs$epoch, layer = layer,
      cosine = ifelse(i == 3 & costs$epoch == 5, NA, 1 - 0.1 * i / layer),
      length_ratio = 1 + i * layer
    )
  }))
  structure(list(costs = costs, table = table), class = "tp_rule_comparison")
}

test_that("circles and lines are those of the network", {
  for (shape in shapes) {
    p <- plot_problem(shape)
    size <- natural_size(p)
    drawn <- drawn_by(tp_plot_network(p$network, p$x, p$d), size[1], size[2])
    shown <- lapply(shape, function(units) drawn_neurons(units)$neurons)
    layout <- drawn$value
    expect_identical(layout$circles$neuron, as.integer(unlist(shown)))
    expect_identical(layout$circles$layer, rep(seq_along(shape), lengths(shown)))

    circles <- drawn$calls$C_symbols[[1]]
    expect_identical(circles[[2]], layout$circles$x)
    expect_identical(circles[[3]], layout$circles$y)
    expect_identical(circles[[5]], rep(layout$radius, length(unlist(shown))))

    lines <- drawn$calls$C_segments[[1]]
    n <- lengths(shown)
    expect_length(lines[[2]], sum(n[-1] * n[-length(n)]))
    at <- layout$lines
    weight <- mapply(
      function(layer, target, source) p$network$weights[[layer - 1]][target, source],
      at$layer, at$target, at$source
    )
    expect_identical(lines$col, ifelse(weight < 0, "#D55E00", "#0072B2"))
    expect_identical(lines$lty, ifelse(weight < 0, "42", "solid"))
    many <- n[at$layer] * n[at$layer - 1] > 36
    widest <- ifelse(many, 2, 3.4)
    largest <- max(abs(unlist(p$network$weights)))
    # R's lines count in 1/96 inch, the layout in points
    expect_equal(lines$lwd * 0.75, 0.6 + (widest - 0.6) * abs(weight) / largest, tolerance = 1e-12)
    # from border to border
    find <- function(layer, neuron) {
      match(paste(layer, neuron), paste(layout$circles$layer, layout$circles$neuron))
    }
    from <- layout$circles[find(at$layer - 1, at$source), ]
    to <- layout$circles[find(at$layer, at$target), ]
    expect_equal(
      sqrt((lines[[2]] - from$x)^2 + (lines[[3]] - from$y)^2), rep(layout$radius, nrow(at))
    )
    expect_equal(sqrt((lines[[4]] - to$x)^2 + (lines[[5]] - to$y)^2), rep(layout$radius, nrow(at)))
  }
})

test_that("texts are the numbers", {
  for (shape in shapes) {
    p <- plot_problem(shape)
    forward <- tp_forward(p$network, p$x)
    backward <- tp_backward(p$network, forward, p$d)
    size <- natural_size(p)
    drawn <- drawn_by(tp_plot_network(p$network, p$x, p$d, values = TRUE), size[1], size[2])
    texts <- drawn$value$texts
    of <- function(role) texts[texts$role == role, ]
    value <- function(list, at, first) {
      mapply(function(layer, k) list[[layer - first + 1]][k], at$layer, at$neuron)
    }
    numbers <- of("number")
    expect_identical(nrow(numbers), nrow(drawn$value$circles))
    expect_identical(numbers$text, short_numbers(value(forward$a, numbers, 1)))
    biases <- value(p$network$biases, of("bias"), 2)
    expect_identical(of("bias")$text, paste("b", short_numbers(biases)))
    errors <- value(backward$e, of("error"), 2)
    expect_identical(of("error")$text, paste("e", short_numbers(errors)))
    weights <- of("weight")
    expect_identical(weights$text, short_numbers(mapply(
      function(layer, k, j) p$network$weights[[layer - 1]][k, j],
      weights$layer, weights$neuron, weights$source
    )))
    expect_identical(
      paste(drawn$value$title, collapse = ", "),
      sprintf(
        "Network %s, cost half_mse %.3g, rule gradient", paste(shape, collapse = "-"),
        tp_mean_cost(p$network, p$x, p$d)
      )
    )
    # all of them are on the paper
    on_paper <- unlist(lapply(drawn$calls$C_text, `[[`, 3))
    expect_setequal(on_paper, c(texts$text, drawn$value$title))
    expect_length(on_paper, nrow(texts) + length(drawn$value$title))
  }
})

# Pairs of texts that share some area, measured by the open device, a little smaller: they may
# touch.
overlapping <- function(texts) {
  if (nrow(texts) < 2L) {
    return(character())
  }
  cex <- points_cex(texts$size)
  width <- mapply(graphics::strwidth, texts$text, cex = cex, units = "inches") - 0.007
  # as high as a line of capitals with what hangs below
  height <- texts$size / 72 * 1.1
  left <- texts$x - width * c(left = 0, center = 0.5, right = 1)[texts$align]
  pairs <- utils::combn(nrow(texts), 2)
  i <- pairs[1, ]
  j <- pairs[2, ]
  both <- left[i] < left[j] + width[j] & left[j] < left[i] + width[i] &
    abs(texts$y[i] - texts$y[j]) < (height[i] + height[j]) / 2
  paste(texts$text[i[both]], texts$text[j[both]], sep = " / ")
}

test_that("no text hides another", {
  for (shape in c(shapes, list(c(1, 1), rep(2, 8)))) {
    p <- plot_problem(shape)
    n <- length(shape)
    for (size in list(natural_size(p), c(7, 7), c(6.4, 4.8), c(3, 3), c(12, 9))) {
      grDevices::pdf(NULL, size[1], size[2])
      drawn <- tp_plot_network(p$network, p$x, p$d)
      expect_identical(overlapping(drawn$texts), character(), info = paste(c(shape, "in", size)))
      named <- tp_plot_network(
        p$network, p$x, p$d,
        rule = "proportional_abs", values = TRUE,
        input_names = paste("Measurement number", seq_len(shape[1])),
        output_names = paste("WWWWWWWWWWWWWWWW", seq_len(shape[n]))
      )
      expect_identical(overlapping(named$texts), character(), info = paste(c(shape, "in", size)))
      grDevices::dev.off()
      expect_true(all(drawn$texts$size >= 8))
    }
  }
  # the check can fail
  grDevices::pdf(NULL)
  on.exit(grDevices::dev.off())
  drawn$texts$x[2] <- drawn$texts$x[1]
  drawn$texts$y[2] <- drawn$texts$y[1]
  expect_length(overlapping(drawn$texts), 1)
})

test_that("shares sum to the errors, by every rule", {
  for (rule in names(tp_rules())) {
    for (cost in c("half_mse", "half_sse", "mse")) {
      p <- plot_problem(c(3, 5, 4, 2))
      backward <- tp_backward(p$network, tp_forward(p$network, p$x), p$d, cost, rule)
      shares <- network_content(p$network, p$x, p$d, cost, rule)$shares
      for (i in seq_along(shares)) {
        expect_identical(dim(shares[[i]]), dim(p$network$weights[[i + 1]]))
        expect_equal(colSums(shares[[i]]), as.vector(backward$e[[i]]), tolerance = 1e-12)
      }
    }
  }
  # e = 2 to two neurons by the weights 1 and -3; g = delta / s = 0.5
  of <- function(rule) as.vector(error_shares(rbind(c(1, -3)), 2, 0.25, 0.5, rule, 3))
  expect_identical(of("gradient"), c(0.5, -1.5))
  expect_identical(of("transpose"), c(2, -6))
  expect_identical(of("proportional"), c(-1, 3))
  expect_identical(of("proportional_abs"), c(0.5, -1.5))
})

test_that("errors go back by arrows", {
  p <- plot_problem(c(3, 4, 3, 2))
  drawn <- drawn_by(tp_plot_network(p$network, p$x, p$d))
  arrows <- drawn$value$arrows
  shares <- network_content(p$network, p$x, p$d)$shares
  expect_identical(nrow(arrows), 12L + 6L)
  expect_identical(
    arrows$value,
    mapply(function(l, k, j) shares[[l - 2]][k, j], arrows$layer, arrows$target, arrows$source)
  )
  segments <- drawn$calls$C_segments[[2]]
  expect_identical(segments[[2]], arrows$x0)
  expect_identical(segments$lty, ifelse(arrows$value < 0, "42", "solid"))
  expect_true(all(segments[[2]] > segments[[4]])) # from right to left
  expect_length(drawn$calls$C_polygon, 18 + 2)
  texts <- drawn$value$texts
  expect_identical(texts$text[texts$role == "flow"], c("e[3] from e[4]", "e[2] from e[3]"))
  shallow <- plot_problem(c(2, 2))
  drawn <- drawn_by(tp_plot_network(shallow$network, shallow$x, shallow$d))
  expect_null(drawn$calls$C_polygon)
})

test_that("the worked example has its numbers", {
  # Rashid's network: hidden outputs 0.761, 0.603, 0.650, outputs 0.726, 0.708, 0.778
  data <- tp_dataset("three_by_three")
  network <- do.call(tp_network, attr(data, "network"))
  drawn <- drawn_by(plot(network, data[1:3], data[4:6]))$value
  texts <- drawn$texts
  expect_identical(
    texts$text[texts$role == "number"],
    c("0.90", "0.10", "0.80", "0.76", "0.60", "0.65", "0.73", "0.71", "0.78")
  )
  expect_identical(texts$text[texts$role == "input"], c("x1", "x2", "x3"))
  expect_identical(texts$text[texts$role == "output"], c("y1", "y2", "y3"))
  expect_identical(sum(texts$role == "weight"), 18L)
})

test_that("a sample is chosen, and a large layer cut", {
  p <- plot_problem(c(30, 2, 1), rows = 5)
  drawn <- drawn_by(tp_plot_network(p$network, p$x, as.vector(p$d), sample = 4))$value
  expect_match(paste(drawn$title, collapse = ", "), "sample 4 of 5")
  expect_identical(drawn$circles$neuron[drawn$circles$layer == 1], c(1:10, 30L))
  expect_identical(drawn$circles$shade[11], p$x[4, 30])
  expect_identical(drawn$dots$layer, 1L)
  captions <- drawn$texts$text[drawn$texts$role == "caption"]
  expect_identical(captions[1:2], c("layer 1: input", "30 neurons, 11 drawn"))
})

test_that("numbers take few characters", {
  values <- c(0, 0.5, -0.345678, 0.04567, 0.0996, 0.9999, 9.996, 99.96, -123.4, 999.9, 12345.6)
  expect_identical(
    short_numbers(c(values, 3.46e-5, -3.46e-5, NaN, -Inf)),
    c(
      "0", "0.50", "-0.35", "0.046", "0.100", "1.00", "10.0", "100", "-123", "1.0e3", "1.2e4",
      "3.5e-5", "-3e-5", "NaN", "-Inf"
    )
  )
  expect_identical(short_number(-1e-17, 1e-16), "0")
})

test_that("wrong arguments are refused", {
  p <- plot_problem(c(2, 3, 1))
  expect_input_error(tp_plot_network(1), "network must be a network made by tp_network(), got 1")
  expect_input_error(
    tp_plot_network(p$network, d = p$d),
    "d needs x: an error belongs to the inputs that it came from"
  )
  expect_input_error(
    tp_plot_network(p$network, p$x, p$d, sample = 2), "sample must be an integer from 1 to 1, got 2"
  )
  expect_input_error(
    tp_plot_network(p$network, input_names = "a"), "input_names must have 2 values, got 1"
  )
  expect_input_error(
    tp_plot_network(p$network, output_names = 3), "output_names must be a list of strings, got 3"
  )
  expect_input_error(
    tp_plot_network(p$network, values = 1), "values must be true or false, got 1"
  )
  expect_input_error(
    tp_plot_cost(3), "runs must be a run made by tp_train(), or a list of them, got 3"
  )
  expect_input_error(
    tp_plot_cost(list(1)), "runs entry 1 must be a run made by tp_train(), got 1"
  )
  expect_input_error(
    tp_plot_decision(p$network, p$x, p$d, columns = c(1, 1)),
    "columns must be 1 or 2 different integers from 1 to 2, got a list of 2"
  )
  expect_input_error(
    tp_plot_decision(p$network, p$x, p$d, resolution = 1),
    "resolution must be an integer >= 2, got 1"
  )
  expect_input_error(
    tp_plot_rules(list(costs = data.frame())),
    "comparison must have a data frame costs with the columns rule, epoch, cost, got an object"
  )
  expect_input_error(
    tp_plot_rules(comparison(), "x"),
    "what must be one of \"cost\", \"cosine\", \"length_ratio\", got \"x\""
  )
  # nothing was opened to draw on
  expect_identical(unname(grDevices::dev.cur()), 1L)
})

test_that("par() is what it was, and mfrow is followed", {
  grDevices::pdf(NULL, 9, 6)
  on.exit(grDevices::dev.off())
  graphics::par(mfrow = c(2, 3), las = 2, mar = c(4, 4, 3, 1))
  p <- plot_problem(c(2, 3, 1), rows = 4)
  run <- tp_train(p$network, p$x, p$d, epochs = 3)
  # these are of the figure that was drawn last
  of_the_figure <- c("usr", "xaxp", "yaxp", "mfg", "fig", "plt", "pin", "fin", "ylog", "page")
  settings <- function() graphics::par(no.readonly = TRUE)
  before <- settings()
  keep <- setdiff(names(before), of_the_figure)
  places <- list()
  pictures <- list(
    function() tp_plot_network(p$network, p$x, p$d), function() plot(run),
    function() tp_plot_cost(list(a = run, b = run), log = TRUE),
    function() tp_plot_decision(p$network, p$x, p$d, resolution = 5),
    function() plot(comparison()), function() plot(p$network)
  )
  options_before <- options()
  for (picture in pictures) {
    expect_false(withVisible(picture())$visible)
    expect_identical(settings()[keep], before[keep])
    places <- c(places, list(graphics::par("mfg")[1:2]))
  }
  expect_identical(options()[names(options_before)], options_before)
  expect_identical(do.call(rbind, places), cbind(c(1L, 1L, 1L, 2L, 2L, 2L), rep(1:3, 2)))

  # a wide figure has its legend in the margin, and its margin back afterwards
  graphics::par(mfrow = c(1, 1), mar = c(4, 4, 3, 1))
  before <- settings()
  for (picture in pictures) {
    picture()
    expect_identical(settings()[keep], before[keep])
  }
})

test_that("the user's random numbers and devices are left alone", {
  set.seed(1)
  before <- .Random.seed
  devices <- grDevices::dev.list()
  p <- plot_problem(c(2, 3, 1), rows = 4)
  drawn_by(tp_plot_network(p$network, p$x, p$d))
  drawn_by(tp_plot_decision(p$network, p$x, p$d, resolution = 5))
  expect_identical(.Random.seed, before)
  expect_identical(grDevices::dev.list(), devices)
})

test_that("costs are drawn from epoch 0", {
  p <- plot_problem(c(2, 3, 1), rows = 4)
  run <- tp_train(p$network, p$x, p$d, epochs = 5)
  drawn <- drawn_by(plot(run))
  expect_identical(drawn$value, data.frame(
    run = factor("run"), epoch = as.double(0:5), cost = c(run$initial_cost, run$cost)
  ))
  xy <- lapply(drawn$calls$C_plotXY, `[[`, "xy")
  expect_identical(xy[[length(xy) - 1]][c("x", "y")], list(
    x = drawn$value$epoch, y = drawn$value$cost
  ))
  expect_identical(xy[[length(xy)]][c("x", "y")], list(x = 0, y = run$initial_cost))

  several <- drawn_by(tp_plot_cost(list(run, adam = run, run), log = TRUE))
  expect_identical(levels(several$value$run), c("run 1", "adam", "run 3"))
  calls <- several$calls$C_plotXY
  lines <- Filter(function(call) identical(call$type, "l"), calls)
  expect_length(unique(vapply(lines, function(call) call$col, "")), 3)
  expect_length(unique(vapply(lines, function(call) call$lty, "")), 3)
  # a cost of 0 has no logarithm
  perfect <- tp_network(c(1, 1), "identity", weights = list(matrix(1)))
  expect_true(all(is.na(
    drawn_by(tp_plot_cost(tp_train(perfect, cbind(1), 1, epochs = 2), log = TRUE))$value$cost
  )))
})

test_that("a decision is drawn over two inputs and over one", {
  # sigmoid(x1 + x2 - 1): 0.5 where x1 + x2 = 1
  network <- tp_network(c(2, 1), weights = list(rbind(c(1, 1))), biases = list(-1))
  drawn <- drawn_by(tp_plot_decision(network, xor_x, c(0, 1, 1, 1), resolution = 20))
  half <- drawn$calls$C_contour
  half <- half[[length(half)]]
  expect_identical(half[[5]], 0.5)
  grid <- drawn$value$grid
  expect_named(grid, c("x1", "x2", "y1"))
  expect_equal(grid$y1, 1 / (1 + exp(1 - grid$x1 - grid$x2)), tolerance = 1e-14)
  expect_equal(range(grid$x1), c(-0.08, 1.08), tolerance = 1e-15)
  expect_identical(nrow(grid), 400L)
  points <- Filter(function(call) length(call$pch) == 4L, drawn$calls$C_plotXY)[[1]]
  expect_identical(points$pch, c(21L, 24L, 24L, 24L))

  # a regression has no such line
  p <- plot_problem(c(2, 3, 1), rows = 9)
  calls <- drawn_by(tp_plot_decision(p$network, p$x, p$d, resolution = 9))$calls
  expect_length(calls$C_contour, 1)

  # the larger of two inputs, and names from the columns
  network <- tp_network(c(2, 2), "identity", weights = list(diag(2)))
  d <- cbind(first = c(0, 1, 0), second = c(1, 0, 1))
  x <- cbind(u = c(0, 1, 0.2), v = c(1, 0, 0.8))
  drawn <- drawn_by(tp_plot_decision(network, x, d, resolution = 11))
  expect_named(drawn$value$grid, c("u", "v", "first", "second"))
  expect_named(drawn$value$samples, c("u", "v", "first", "second"))
  largest <- drawn$calls$C_image[[1]][[4]]
  # as image() counts its colours
  expect_identical(largest[6, 3], 0)
  expect_identical(largest[3, 6], 1)

  p <- plot_problem(c(4, 3, 2), rows = 7)
  drawn <- drawn_by(tp_plot_decision(p$network, p$x, p$d, columns = 2, resolution = 6))$value
  means <- colMeans(p$x)
  expect_identical(
    drawn$subtitle,
    sprintf("x1 = %.3g, x3 = %.3g, x4 = %.3g (means)", means[1], means[3], means[4])
  )
  at <- matrix(means, 6, 4, byrow = TRUE)
  at[, 2] <- drawn$grid$x2
  expect_equal(unname(as.matrix(drawn$grid[-1])), predict(p$network, at), tolerance = 1e-14)

  # one input has a curve, samples that are alike some width, ten classes their own marks
  p <- plot_problem(c(1, 2, 1), rows = 3)
  expect_identical(drawn_by(tp_plot_decision(p$network, p$x, p$d))$value$columns, 1L)
  flat <- tp_network(c(2, 1), weights = list(rbind(c(0, 0))))
  alike <- drawn_by(tp_plot_decision(flat, rbind(c(1, 1)), 1, resolution = 5))$value
  expect_identical(range(alike$grid$x1), c(0.5, 1.5))
  p <- plot_problem(c(2, 10), rows = 10)
  calls <- drawn_by(tp_plot_decision(p$network, p$x, diag(10), resolution = 8))$calls
  points <- Filter(function(call) length(call$pch) == 10L, calls$C_plotXY)[[1]]
  expect_length(unique(points$pch), 10)
})

test_that("levels are round", {
  expect_equal(contour_levels(0.2, 0.7), 0:10 / 10)
  expect_equal(contour_levels(-2.6, 2.4), -6:5 / 2)
  expect_equal(contour_levels(119, 121), 119 + 0:10 / 5)
})

test_that("rules are drawn in their order", {
  found <- comparison()
  drawn <- drawn_by(plot(found))
  costs <- drawn$value
  expect_identical(unique(costs$rule), names(tp_rules()))
  lines <- Filter(function(call) identical(call$type, "l"), drawn$calls$C_plotXY)
  expect_length(lines, 4)
  for (i in 1:4) {
    rows <- found$costs[found$costs$rule == names(tp_rules())[i], ]
    expect_identical(lines[[i]]$xy$y, rows$cost)
  }
  expect_length(unique(vapply(lines, function(call) call$col, "")), 4)
  expect_length(unique(vapply(lines, function(call) call$lty, "")), 4)
  labels <- unlist(lapply(drawn$calls$C_text, `[[`, 3))
  expect_true(all(
    c("gradient", "transpose", "proportional (ends at 4)", "proportional_abs") %in% labels
  ))
  # the cross where a rule stops
  cross <- Filter(function(call) identical(call$pch, 4L), drawn$calls$C_plotXY)
  expect_identical(cross[[1]]$xy[c("x", "y")], list(x = 4, y = 0.5 / 6))
  for (what in c("cosine", "length_ratio")) {
    drawn <- drawn_by(plot(found, what))
    lines <- Filter(function(call) identical(call$type, "l"), drawn$calls$C_plotXY)
    expect_length(lines, 8)
    expect_identical(sum(is.na(drawn$value$value)), if (what == "cosine") 2L else 0L)
  }
})

test_that("autoplot() makes the same pictures by ggplot2", {
  skip_if_not_installed("ggplot2")
  p <- plot_problem(c(3, 4, 2))
  picture <- ggplot2::autoplot(p$network, p$x, p$d)
  expect_s3_class(picture, "ggplot")
  layout <- network_layout(network_content(p$network, p$x, p$d))
  lines <- ggplot2::layer_data(picture, 1)
  expect_identical(lines$x, layout$lines$x0)
  expect_identical(lines$yend, layout$lines$y1)
  expect_identical(lines$colour, ifelse(layout$lines$value < 0, "#D55E00", "#0072B2"))
  expect_identical(lines$linetype, ifelse(layout$lines$value < 0, "42", "solid"))
  labels <- c(ggplot2::layer_data(picture, 7)$label, ggplot2::layer_data(picture, 8)$label)
  expect_setequal(labels, layout$texts$text)
  expect_identical(length(unique(ggplot2::layer_data(picture, 5)$group)), 9L)
  expect_named(attr(picture, "size"), c("width", "height"))

  q <- plot_problem(c(2, 3, 1), rows = 4)
  run <- tp_train(q$network, q$x, q$d, epochs = 5)
  drawn <- ggplot2::layer_data(ggplot2::autoplot(run), 1)
  expect_identical(drawn$y, c(run$initial_cost, run$cost))
  expect_s3_class(ggplot2::autoplot(run, log = TRUE), "ggplot")
  for (what in c("cost", "cosine", "length_ratio")) {
    picture <- ggplot2::autoplot(comparison(), what)
    drawn <- ggplot2::layer_data(picture, 1)
    expect_length(unique(drawn$colour), 4)
    expect_length(unique(drawn$linetype), 4)
  }
  for (picture in list(ggplot2::autoplot(p$network), picture)) {
    file <- tempfile(fileext = ".pdf")
    ggplot2::ggsave(file, picture, width = 6, height = 4)
    expect_gt(file.size(file), 1000)
    unlink(file)
  }
})

test_that("ggplot2 is loaded by autoplot() alone, which says when it is missing", {
  code <- paste(
    "library(twinprop); plot <- tp_plot_network; grDevices::pdf(NULL)",
    "plot(tp_network(c(2, 1))); cat('ggplot2' %in% loadedNamespaces())",
    sep = "; "
  )
  found <- system2(file.path(R.home("bin"), "Rscript"), c("-e", shQuote(code)), stdout = TRUE)
  expect_identical(found[length(found)], "FALSE")
})

test_that("knitr makes the figures", {
  skip_if_not_installed("knitr")
  folder <- tempfile()
  dir.create(folder)
  old <- setwd(folder)
  on.exit({
    setwd(old)
    unlink(folder, recursive = TRUE)
  })
  writeLines(c(
    "# Pictures", "", "```{r network, fig.width=7, fig.height=5}", "library(twinprop)",
    "network <- tp_network(c(2, 3, 1))", "x <- rbind(c(0, 1), c(1, 1))", "d <- cbind(c(1, 0))",
    "plot(network, x, d)", "```", "", "```{r cost}", "run <- tp_train(network, x, d, epochs = 3)",
    "plot(run)", "```", "", "```{r decision}", "tp_plot_decision(run$network, x, d)", "```"
  ), "pictures.Rmd")
  knitr::knit("pictures.Rmd", quiet = TRUE)
  text <- readLines("pictures.md")
  figures <- file.path("figure", paste0(c("network", "cost", "decision"), "-1.png"))
  expect_true(all(file.exists(figures)))
  expect_true(all(file.size(figures) > 2000))
  # a picture each, and no list printed beside it
  expect_identical(sum(grepl("^!\\[", text)), 3L)
  expect_false(any(grepl("^## ", text)))
})
