# Pictures of networks, trainings and rules. Twin: python/twinprop/plots.py
#
# Section 15 of the contract. Where the picture of a network puts what is computed in layout.R.
# JavaScript has no twin: a page draws its own pictures. Base graphics draw on the device that is
# open, and every par() that is changed is put back; ggplot2 is loaded by autoplot() alone.

# Colours that the colour-blind tell apart (Okabe and Ito 2008), and what they stand for.
positive_colour <- "#0072B2"
negative_colour <- "#D55E00"
error_colour <- "#8E2A6B"
plot_colours <- c(
  "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#F0E442",
  "#7A5195", "#8C6D31"
)
plot_markers <- c(21L, 24L, 22L, 23L, 25L, 3L, 4L, 8L, 7L, 9L)
# Lines that are told apart without colour: R's on and off lengths in line widths.
plot_dashes <- c("solid", "52", "12", "5212", "92")
negative_dash <- "42"

# Each rule's colour, in the order of the rules.
rule_colours <- c("#000000", "#0072B2", "#D55E00", "#009E73")

# How much of its colour the largest activation gives a circle.
tint <- 0.45

# Share of the samples' range that is drawn beyond them.
grid_margin <- 0.08

# What tp_plot_rules() draws, and the names of the axes.
rule_pictures <- c(
  cost = "cost", cosine = "cosine with the gradient",
  length_ratio = "length / length of the gradient"
)

# A point is 1/72 inch, R's line width 1/96.
points_per_lwd <- 0.75

text_colours <- c(error = error_colour, flow = error_colour, weight = "#222222", key = "#444444")
# Texts that lines may run through have some white behind them.
texts_on_lines <- c("bias", "error", "weight", "flow")

#' Draw a network
#'
#' Neurons are circles, weights are lines, with the errors on their way back.
#'
#' A line is solid and blue for a weight >= 0, dashed and orange for one < 0, the thicker the
#' larger; weights and biases are written where there is room. With `x` the circles hold the
#' activations of a sample; with `d` also, each neuron's error stands below it and arrows beside the
#' lines carry the errors back, as thick as what each weight carries. Of a layer of more than 12
#' neurons the first ten and the last are drawn.
#'
#' `tp_plot_network()` draws by base graphics what fits at 8 points into the next figure of the
#' device (so a large network wants a large device); `autoplot()` makes the same picture by ggplot2,
#' as large as the network needs or as `size` says, to be saved in the size that its attribute
#' `size` holds.
#'
#' @param network,object A network made by [tp_network()]; for `plot()` the first argument. For
#'   `tp_plot_network()` also a fit made by [twinprop()]: then x and d are data as it takes them,
#'   the response may be part of x, and rows that lack a value are left out.
#' @param x The inputs (n, n_1), rows are samples: a matrix or data frame of numbers, or `NULL`. For
#'   `plot()` the network: its inputs and desired outputs come second and third, without names.
#' @param d The desired outputs (n, K), or `NULL`; for one output a vector (n) will do.
#' @param cost `"half_mse"`, `"half_sse"`, `"mse"` or `"cross_entropy"`.
#' @param rule `"gradient"`, `"transpose"`, `"proportional"` or `"proportional_abs"`.
#' @param sample Which row of `x` and `d` to draw.
#' @param values Whether weights and biases are written. `NULL`: in each gap between layers all
#'   weights or none, as there is room; `TRUE`: as many as there is room for; `FALSE`: none.
#' @param input_names,output_names Names of inputs and outputs; `NULL`: those of the columns of `x`
#'   and `d`, else x1, x2, ... and y1, y2, ...
#' @param size Width and height in inches.
#' @param ... What `tp_plot_network()` takes: `plot(network, x, d, rule = "transpose")`.
#' @return `tp_plot_network()` and `plot()` return invisibly what they drew: a list of `width`,
#'   `height`, `radius` (inches), `title`, and the data frames `circles`, `dots`, `lines` (the
#'   weights), `arrows` (the errors on their way back), `flows` and `texts`; `written` says of which
#'   gaps the weights are written. `autoplot()` returns a ggplot.
#' @section Errors: `twinprop_input_error` if an argument is not as described;
#'   `twinprop_denominator_error` if a rule has to divide by a sum of weights of 0 or nearly 0;
#'   `twinprop_engine_error` if `autoplot()` finds no ggplot2.
#' @references Okabe, M. and Ito, K. (2008). *Color universal design*: the colours.
#' @examples
#' network <- tp_network(c(2, 3, 1), seed = 1)
#' tp_plot_network(network)
#' drawn <- plot(network, rbind(c(0, 1)), cbind(1))
#' drawn$title
#' @export
tp_plot_network <- function(network, x = NULL, d = NULL, cost = "half_mse", rule = "gradient",
                            sample = 1, values = NULL, input_names = NULL, output_names = NULL) {
  if (inherits(network, "tp_model")) {
    fit <- network_of_fit(network, x, d, if (!missing(cost)) cost)
    network <- fit$network
    x <- fit$x
    d <- fit$d
    cost <- fit$cost
    if (is.null(input_names)) input_names <- fit$input_names
    if (is.null(output_names)) output_names <- fit$output_names
  }
  content <- network_content(network, x, d, cost, rule, sample, input_names, output_names)
  if (!is.null(values)) values <- check_switch(values, "values")
  # room for two lines of title
  old <- graphics::par(c("mar", "xpd"))
  on.exit(graphics::par(old))
  graphics::par(mai = c(0.05, 0.05, 0.5, 0.05), xpd = NA)
  graphics::plot.new()
  layout <- network_layout(content, values, graphics::par("pin"))
  draw_network(layout)
  invisible(layout)
}

#' @rdname tp_plot_network
#' @importFrom graphics plot
#' @export
plot.tp_network <- function(x, ...) {
  tp_plot_network(x, ...)
}

#' @rdname tp_plot_network
#' @exportS3Method ggplot2::autoplot
autoplot.tp_network <- function(object, x = NULL, d = NULL, cost = "half_mse", # nolint: a method
                                rule = "gradient", sample = 1, values = NULL, input_names = NULL,
                                output_names = NULL, size = NULL, ...) {
  need_ggplot2()
  content <- network_content(object, x, d, cost, rule, sample, input_names, output_names)
  if (!is.null(values)) values <- check_switch(values, "values")
  ggplot_network(network_layout(content, values, size))
}

# What the picture of a network shows, from arguments that are checked here. `a`, `e` and `d` are of
# one sample; `shares` is what each weight of the layers 3..L carries back of the errors.
network_content <- function(network, x, d, cost = "half_mse", rule = "gradient", sample = 1,
                            input_names = NULL, output_names = NULL) {
  check_network(network)
  rule <- check_choice(rule, "rule", names(rules))
  if (!is.null(d) && is.null(x)) {
    input_error("d needs x: an error belongs to the inputs that it came from")
  }
  depth <- length(network$layers)
  content <- list(
    layers = network$layers, activations = network$activations, weights = network$weights,
    biases = network$biases,
    # named even where there is none, since $a would find $activations
    a = NULL, e = NULL, d = NULL, shares = NULL,
    input_names = check_neuron_names(input_names, "input_names", network$layers[1L], x, "x"),
    output_names = check_neuron_names(output_names, "output_names", network$layers[depth], d, "y"),
    title = paste0("Network ", paste(network$layers, collapse = "-"))
  )
  if (is.null(x)) {
    return(content)
  }
  if (!is.null(d)) {
    cost <- check_cost(cost, network)
    samples <- check_samples(x, d, network, cost)
    x <- samples$x
  } else {
    x <- check_matrix(x, "x", network$layers[1L])
  }
  row <- check_integer(sample, "sample", 1, nrow(x))
  if (nrow(x) > 1L) content$title <- c(content$title, sprintf("sample %.0f of %d", row, nrow(x)))
  forward <- tp_forward(network, x[row, , drop = FALSE])
  content$a <- lapply(forward$a, as.vector)
  if (is.null(d)) {
    return(content)
  }
  d <- samples$d[row, , drop = FALSE]
  backward <- tp_backward(network, forward, d, cost, rule)
  content$e <- lapply(backward$e, as.vector)
  content$d <- as.vector(d)
  scale <- find_method(network, cost)$scale
  content$shares <- lapply(seq_len(depth - 2L) + 1L, function(l) {
    error_shares(
      network$weights[[l]], as.vector(backward$e[[l]]), as.vector(backward$delta[[l]]), scale,
      rule, l + 1L
    )
  })
  value <- tp_mean_cost(network, forward$a[[1L]], d, cost)
  shown <- if (value > rounding_floors(content)[2L]^2) sprintf("%.3g", value) else "0"
  content$title <- c(content$title, paste("cost", cost, shown), paste("rule", rule))
  content
}

# What each weight carries back, (n_l, n_{l-1}); its columns sum to e[l-1].
error_shares <- function(weights, e, delta, scale, rule, layer) {
  switch(rule,
    gradient = weights * (delta / scale),
    transpose = weights * e,
    proportional = shares(weights, weights, layer, rule, arithmetics$fast) * e,
    proportional_abs = shares(weights, abs(weights), layer, rule, arithmetics$fast) * e
  )
}

# The names of inputs or outputs: given, of the columns of the data, or numbered.
check_neuron_names <- function(value, name, count, data, letter) {
  if (is.null(value)) {
    columns <- if (length(dim(data)) == 2L) colnames(data)
    return(if (length(columns) == count) visible(columns) else paste0(letter, seq_len(count)))
  }
  if (!is.character(value) || anyNA(value) || !all(validEnc(value))) {
    input_error(name, " must be a list of strings, got ", describe(value))
  }
  if (length(value) != count) {
    input_error(name, " must have ", count, " values, got ", length(value))
  }
  visible(as.vector(value))
}

# Colours thinned with white: 0 is white, 1 the colour.
mix_colour <- function(colour, share) {
  parts <- grDevices::col2rgb(colour) / 255
  parts <- 1 - rep(share, each = 3L) * (1 - parts[, rep_len(seq_len(ncol(parts)), length(share))])
  dim(parts) <- c(3L, length(share))
  grDevices::rgb(parts[1L, ], parts[2L, ], parts[3L, ])
}

sign_colour <- function(value) ifelse(value < 0, negative_colour, positive_colour)
circle_colour <- function(shade) mix_colour(sign_colour(shade), tint * abs(shade))
sign_dash <- function(value) ifelse(value < 0, negative_dash, "solid")

text_colour <- function(role) {
  found <- text_colours[role]
  unname(ifelse(is.na(found), "#000000", found))
}

# Points as par's ps and cex have it, whatever mfrow made of cex.
points_cex <- function(size) size / (graphics::par("ps") * graphics::par("cex"))

# The heads of arrows, as triangles that end where the lines do: a row for each corner.
arrow_heads <- function(lines) {
  length <- 0.05 + 0.025 * lines$width
  dx <- lines$x1 - lines$x0
  dy <- lines$y1 - lines$y0
  size <- sqrt(dx * dx + dy * dy)
  dx <- dx / size
  dy <- dy / size
  half <- 0.38 * length
  data.frame(
    head = rep(seq_len(nrow(lines)), 3L),
    x = c(
      lines$x1, lines$x1 - length * dx - half * dy, lines$x1 - length * dx + half * dy
    ),
    y = c(
      lines$y1, lines$y1 - length * dy + half * dx, lines$y1 - length * dy - half * dx
    )
  )
}

# What a layout says, by base graphics; a unit is an inch.
draw_network <- function(layout) {
  graphics::plot.window(c(0, layout$width), c(0, layout$height), asp = 1, xaxs = "i", yaxs = "i")
  n <- length(layout$title)
  graphics::text(
    layout$width / 2, layout$height + 0.05 + (n - seq_len(n) + 0.5) * line_height(title_size),
    layout$title,
    cex = points_cex(title_size)
  )
  draw_lines(layout$lines, sign_colour(layout$lines$value))
  for (arrows in layout[c("arrows", "flows")]) {
    draw_lines(arrows, error_colour)
    heads <- arrow_heads(arrows)
    for (corners in split(heads, heads$head)) {
      graphics::polygon(corners$x, corners$y, col = error_colour, border = NA)
    }
  }
  circles <- layout$circles
  graphics::symbols(
    circles$x, circles$y,
    circles = rep(layout$radius, nrow(circles)), inches = FALSE, add = TRUE, fg = "#333333",
    bg = circle_colour(circles$shade), lwd = 1 / points_per_lwd
  )
  for (step in c(-1, 0, 1)) {
    y <- layout$dots$y + step * layout$dots$apart
    graphics::points(layout$dots$x, y, pch = 16L, cex = 0.4 / graphics::par("cex"))
  }
  draw_texts(layout$texts)
}

draw_lines <- function(lines, colour) {
  graphics::segments(
    lines$x0, lines$y0, lines$x1, lines$y1,
    col = colour, lty = sign_dash(lines$value), lwd = lines$width / points_per_lwd, lend = "butt"
  )
}

draw_texts <- function(texts) {
  cex <- points_cex(texts$size)
  paper <- texts$role %in% texts_on_lines
  half <- graphics::strwidth(texts$text[paper], cex = points_cex(text_size)) / 2 + 0.02
  graphics::rect(
    texts$x[paper] - half, texts$y[paper] - 0.065, texts$x[paper] + half, texts$y[paper] + 0.065,
    col = "white", border = NA
  )
  for (align in unique(texts$align)) {
    of <- texts$align == align
    graphics::text(
      texts$x[of], texts$y[of], texts$text[of],
      adj = c(c(left = 0, center = 0.5, right = 1)[[align]], 0.5), cex = cex[of],
      col = text_colour(texts$role[of])
    )
  }
}

#' Draw the cost of every epoch
#'
#' Of one run or of several. At epoch 0 stands the initial cost, marked by a ring. Several runs
#' differ by colour and by dash.
#'
#' @param runs,object What [tp_train()] or [twinprop()] returned, or a list of these, whose names
#'   name the runs. Of a fit the losses are drawn, the validation loss as a second curve.
#' @param x For `plot()` a run.
#' @param log Whether the costs have a logarithmic scale; a cost of 0 is left out then.
#' @param ... For `plot()`: `log`.
#' @return `tp_plot_cost()` and `plot()` return invisibly what they drew, a data frame of `run`,
#'   `epoch` and `cost`; `autoplot()` returns a ggplot.
#' @section Errors: `twinprop_input_error` if an argument is not as described;
#'   `twinprop_engine_error` if `autoplot()` finds no ggplot2.
#' @examples
#' x <- rbind(c(0, 0), c(0, 1), c(1, 0), c(1, 1))
#' d <- cbind(c(0, 1, 1, 0))
#' network <- tp_network(c(2, 4, 1), "tanh")
#' runs <- list(
#'   sgd = tp_train(network, x, d, epochs = 50),
#'   adam = tp_train(network, x, d, optimizer = "adam", epochs = 50)
#' )
#' tp_plot_cost(runs)
#' plot(runs$sgd, log = TRUE)
#' @export
tp_plot_cost <- function(runs, log = FALSE) {
  costs <- run_costs(runs, check_switch(log, "log"))
  names <- levels(costs$run)
  rings <- any(costs$epoch == 0)
  style <- line_styles(seq_along(names))
  old <- legend_room(names[length(names) > 1L])
  on.exit(graphics::par(mar = old))
  start_plot(
    costs$epoch, c(costs$cost, if (!log && all(costs$cost >= 0)) 0), "epoch", "cost", log,
    if (rings) cost_title else fit_cost_title
  )
  for (i in seq_along(names)) {
    of <- costs[costs$run == names[i], ]
    graphics::lines(of$epoch, of$cost, col = style$colour[i], lty = style$dash[i], lwd = 2)
    if (isTRUE(of$epoch[1L] == 0)) {
      graphics::points(0, of$cost[1L], pch = 21L, col = style$colour[i], bg = "white")
    }
  }
  if (length(names) > 1L) {
    draw_legend(
      costs$epoch, costs$cost, log,
      legend = names, col = style$colour, lty = style$dash, lwd = 2
    )
  }
  invisible(costs)
}

cost_title <- "Cost of every epoch; the ring: before training"
fit_cost_title <- "Loss of every epoch"

#' @rdname tp_plot_cost
#' @export
plot.tp_run <- function(x, ...) {
  tp_plot_cost(x, ...)
}

#' @rdname tp_plot_cost
#' @exportS3Method ggplot2::autoplot
autoplot.tp_run <- function(object, log = FALSE, ...) { # nolint: a method
  need_ggplot2()
  costs <- run_costs(object, check_switch(log, "log"))
  start <- costs[costs$epoch == 0, ]
  picture <- ggplot2::ggplot(costs, aes_of(x = "epoch", y = "cost")) +
    ggplot2::geom_line(colour = positive_colour, linewidth = 0.7, na.rm = TRUE) +
    ggplot2::geom_point(
      data = start, shape = 21L, colour = positive_colour, fill = "white", size = 2.5, na.rm = TRUE
    ) +
    ggplot2::labs(title = cost_title)
  if (log) {
    picture + ggplot2::scale_y_log10()
  } else {
    picture + ggplot2::expand_limits(y = 0)
  }
}

# The costs of runs in one data frame, the initial one as epoch 0; `run` is a factor in their order.
# A fit has its loss of each epoch, and perhaps a second curve, its validation loss.
run_costs <- function(runs, log) {
  message <- "runs must be a run made by tp_train(), or a list of them, got "
  if (inherits(runs, "tp_run")) runs <- list(run = runs)
  if (inherits(runs, "twinprop")) runs <- list(loss = runs)
  if (!is.list(runs) || is.data.frame(runs) || length(runs) == 0L) {
    input_error(message, describe(runs))
  }
  for (i in seq_along(runs)) {
    if (!inherits(runs[[i]], c("tp_run", "twinprop"))) {
      input_error(
        "runs entry ", i, " must be a run made by tp_train(), got ", describe(runs[[i]])
      )
    }
  }
  names <- names(runs)
  if (is.null(names)) names <- character(length(runs))
  unnamed <- names == ""
  names[unnamed] <- paste("run", seq_along(runs))[unnamed]
  names <- make.unique(names)
  costs <- do.call(rbind, lapply(seq_along(runs), function(i) {
    run <- runs[[i]]
    if (inherits(run, "twinprop")) {
      return(fit_costs(run$history, names[i]))
    }
    cost <- c(run$initial_cost, run$cost)
    data.frame(run = names[i], epoch = seq_along(cost) - 1, cost = cost)
  }))
  costs$run <- factor(costs$run, unique(costs$run))
  if (log) costs$cost[costs$cost <= 0] <- NA
  costs
}

fit_costs <- function(history, name) {
  epochs <- nrow(history)
  costs <- data.frame(run = rep(name, epochs), epoch = history$epoch, cost = history$loss)
  if (is.null(history$validation_loss)) {
    return(costs)
  }
  held_out <- data.frame(
    run = rep(paste0("validation", if (name != "loss") paste0(" (", name, ")")), epochs),
    epoch = history$epoch, cost = history$validation_loss
  )
  rbind(costs, held_out)
}

line_styles <- function(places) {
  list(
    colour = plot_colours[(places - 1L) %% length(plot_colours) + 1L],
    dash = plot_dashes[(places - 1L) %% length(plot_dashes) + 1L]
  )
}

# Axes and titles, the same for all curves.
start_plot <- function(x, y, x_name, y_name, log, title) {
  y <- y[is.finite(y)]
  x <- x[is.finite(x)]
  graphics::plot(
    NA, NA,
    xlim = if (length(x)) range(x) else c(0, 1),
    ylim = if (length(y)) range(y) else if (log) c(0.1, 10) else c(0, 1),
    log = if (log) "y" else "", xlab = x_name, ylab = y_name, main = title, font.main = 1,
    cex.main = 1, bty = "l"
  )
}

# Room for a legend in the right margin where the figure is wide enough; the margins before.
legend_room <- function(labels) {
  old <- graphics::par("mar")
  width <- graphics::par("fin")[1L]
  # R's letters are narrower than the ones that text_width() thinks of
  needed <- legend_line + max(0, text_width(labels, 8.5))
  if (length(labels) > 0L && width >= narrow_figure && needed <= width / 2.5) {
    mai <- graphics::par("mai")
    mai[4L] <- max(mai[4L], needed)
    graphics::par(mai = mai)
  }
  old
}

# Figures narrower than this, in inches, have their legends inside; what a legend takes beside its
# texts.
narrow_figure <- 5
legend_line <- 0.75

# A legend in the right margin, or in the corner where it hides the fewest points.
draw_legend <- function(x, y, log, ...) {
  width <- graphics::legend("topright", ..., cex = 0.8, seg.len = 3, plot = FALSE)$rect$w
  inches <- width * graphics::par("pin")[1L] / diff(graphics::par("usr")[1:2])
  if (inches < graphics::par("mai")[4L]) {
    graphics::legend("topleft", ..., cex = 0.8, seg.len = 3, bty = "n", inset = c(1, 0), xpd = NA)
    return(invisible())
  }
  if (log) y <- log10(y)
  corners <- c("topright", "topleft", "bottomright", "bottomleft")
  hidden <- vapply(corners, function(corner) {
    box <- graphics::legend(corner, ..., cex = 0.8, plot = FALSE)$rect
    # of a logarithmic axis these are logarithms
    sum(
      x >= box$left & x <= box$left + box$w & y <= box$top & y >= box$top - box$h,
      na.rm = TRUE
    )
  }, 0)
  graphics::legend(
    corners[which.min(hidden)], ...,
    cex = 0.8, bg = "white", box.col = "#CCCCCC", seg.len = 3
  )
}

#' Draw what a network makes of its inputs
#'
#' With the samples it is to fit.
#'
#' Of two inputs: with one output, its height by shades and contours, and the line of 0.5 where
#' every desired output is 0 or 1; with several, the regions of the largest output. Samples differ
#' by shape and by colour. Of one input: the outputs as curves. Further inputs are held at their
#' means over the samples.
#'
#' @param network A network made by [tp_network()]; or a fit made by [twinprop()] with x and d as it
#'   takes them (the response may be part of x), which is drawn in the units of the data.
#' @param x The inputs (n, n_1), rows are samples: a matrix or data frame of numbers.
#' @param d The desired outputs (n, K); for one output a vector (n) will do.
#' @param columns The inputs that vary, counted from 1 (of a fit also by name, as [coef()] has
#'   them): two, or one for a curve. A network of one
#'   input has a curve.
#' @param resolution In how many points each of them is computed.
#' @return Invisibly what it drew: a list of `columns`, `grid` (a data frame: the inputs that vary,
#'   and the outputs), `subtitle`, and `samples` (a data frame of the inputs that vary and the
#'   desired outputs).
#' @section Errors: `twinprop_input_error` if an argument is not as described.
#' @examples
#' x <- rbind(c(0, 0), c(0, 1), c(1, 0), c(1, 1))
#' d <- cbind(c(0, 1, 1, 0))
#' run <- tp_train(tp_network(c(2, 4, 1)), x, d, epochs = 500)
#' tp_plot_decision(run$network, x, d, resolution = 50)
#' @export
tp_plot_decision <- function(network, x, d, columns = c(1, 2), resolution = 200) {
  if (inherits(network, "tp_model")) {
    # in the units of the data
    fit <- unwrap_fit(without_scales(network), x, if (!missing(d)) d)
    if (is.character(columns)) columns <- match(columns, colnames(fit$x))
    network <- fit$network
    x <- fit$x
    d <- fit$d
  }
  check_network(network)
  depth <- length(network$layers)
  input_names <- check_neuron_names(NULL, "input_names", network$layers[1L], x, "x")
  output_names <- check_neuron_names(NULL, "output_names", network$layers[depth], d, "y")
  samples <- check_samples(x, d, network, "half_mse")
  columns <- check_columns(columns, network$layers[1L])
  resolution <- check_integer(resolution, "resolution", 2)
  decision <- decision_grid(network, samples$x, columns, resolution, input_names)
  points <- samples$x[, columns, drop = FALSE]
  old <- legend_room(decision_labels(length(columns), samples$d, output_names))
  on.exit(graphics::par(mar = old))
  draw <- if (length(columns) == 1L) {
    draw_curve
  } else if (ncol(samples$d) == 1L) {
    draw_height
  } else {
    draw_regions
  }
  draw(decision, points, samples$d, input_names[columns], output_names)
  grid <- data.frame(decision$rows[, columns, drop = FALSE], decision$outputs)
  names(grid) <- c(input_names[columns], output_names)
  shown <- data.frame(points, samples$d)
  names(shown) <- names(grid)
  invisible(list(
    columns = columns, grid = grid, subtitle = decision$subtitle, samples = shown
  ))
}

# The inputs that vary, one or two, counted from 1.
check_columns <- function(value, inputs) {
  if (inputs == 1L && is.numeric(value) && identical(as.double(value), c(1, 2))) {
    return(1L) # the default
  }
  ok <- is.numeric(value) && length(value) %in% 1:2 && all(is.finite(value)) &&
    all(value == trunc(value)) && all(value >= 1 & value <= inputs) && !anyDuplicated(value)
  if (!ok) {
    input_error(
      "columns must be 1 or 2 different integers from 1 to ", inputs, ", got ", describe(value)
    )
  }
  as.integer(value)
}

# The outputs where the chosen inputs vary and the others keep their means: `values` of each chosen
# input, the `rows` of all inputs (the first chosen varies fastest) and their `outputs`.
decision_grid <- function(network, x, columns, resolution, names) {
  means <- colMeans(x)
  values <- lapply(columns, function(column) {
    low <- min(x[, column])
    high <- max(x[, column])
    # samples that are all alike still need some width
    margin <- if (high > low) grid_margin * (high - low) else 0.5
    low <- low - margin
    high <- high + margin
    low + (high - low) * ((seq_len(resolution) - 1) / (resolution - 1))
  })
  rows <- matrix(means, resolution^length(columns), length(means), byrow = TRUE)
  rows[, columns] <- as.matrix(expand.grid(values))
  held <- setdiff(seq_along(means), columns)
  list(
    values = values, rows = rows, outputs = predict.tp_network(network, rows),
    subtitle = held_text(held, means, names)
  )
}

# Which inputs are held at which means; of many, only how many.
held_text <- function(held, means, names) {
  if (length(held) == 0L) {
    return("")
  }
  if (length(held) > 3L) {
    return(paste("the other", length(held), "inputs held at their means"))
  }
  floor <- max(rounding_part, rounding_part * max(abs(means)))
  shown <- ifelse(abs(means[held]) <= floor, "0", sprintf("%.3g", means[held]))
  paste0(paste(names[held], "=", shown, collapse = ", "), " (means)")
}

# Round numbers from low or below to high or above: steps of 1, 2 or 5 times 10^k.
contour_levels <- function(low, high) {
  if (low >= 0 && high <= 1) {
    low <- 0
    high <- 1
  }
  if (!(high - low > 1e-9 * max(abs(low), abs(high), 1e-300))) {
    middle <- (low + high) / 2
    spread <- max(1, abs(middle))
    low <- middle - spread
    high <- middle + spread
  }
  raw <- (high - low) / 12
  power <- 10^floor(log10(raw) + 1e-9)
  steps <- c(1, 2, 5, 10) * power
  step <- steps[steps >= raw * (1 - 1e-9)][1L]
  (floor(low / step + 1e-9):ceiling(high / step - 1e-9)) * step
}

# The texts of a decision's legend.
decision_labels <- function(inputs, d, names) {
  if (inputs == 1L) {
    c(names, paste0(names, ", desired"))
  } else if (ncol(d) > 1L) {
    names
  } else if (all(d %in% c(0, 1))) {
    c("d = 0", "d = 1", "output = 0.5")
  }
}

decision_title <- function(what, decision) {
  c(paste(what, "of the network"), if (nzchar(decision$subtitle)) decision$subtitle)
}

start_map <- function(decision, names, title) {
  graphics::plot(
    NA, NA,
    xlim = range(decision$values[[1L]]), ylim = range(decision$values[[2L]]), xaxs = "i",
    yaxs = "i", xlab = names[1L], ylab = names[2L], main = paste(title, collapse = "\n"),
    font.main = 1, cex.main = 1, las = 1
  )
}

# One output over two inputs.
draw_height <- function(decision, points, d, input_names, output_names) {
  height <- matrix(decision$outputs, length(decision$values[[1L]]))
  at <- contour_levels(min(height), max(height))
  bands <- length(at) - 1L
  band_share <- 0.05 + 0.75 * (seq_len(bands) - 1) / max(1, bands - 1)
  start_map(decision, input_names, decision_title("Output", decision))
  graphics::.filled.contour(
    decision$values[[1L]], decision$values[[2L]],
    # rounding may leave a value just beyond the last level
    pmin(pmax(height, at[1L]), at[length(at)]), at, mix_colour(positive_colour, band_share)
  )
  classes <- all(d %in% c(0, 1))
  half <- classes && min(height) < 0.5 && max(height) > 0.5
  inner <- at[at > min(height) & at < max(height) & !(half & abs(at - 0.5) < 1e-9)]
  contours <- function(levels, ...) {
    graphics::contour(
      decision$values[[1L]], decision$values[[2L]], height,
      levels = levels, add = TRUE, ...
    )
  }
  if (length(inner) > 0L) {
    contours(inner, labels = sprintf("%.3g", inner), lwd = 0.6, labcex = 0.8)
  }
  if (half) contours(0.5, drawlabels = FALSE, lwd = 2.5)
  if (classes) {
    fill <- c("#FFFFFF", "#E69F00")
    marker <- c(21L, 24L)
    of <- d[, 1L] + 1
    graphics::points(points, pch = marker[of], bg = fill[of], cex = 1.3)
    draw_legend(
      points[, 1L], points[, 2L], FALSE,
      legend = decision_labels(2L, d)[c(TRUE, TRUE, half)], pch = c(marker, if (half) NA),
      pt.bg = c(fill, if (half) NA), pt.lwd = 1, lwd = 2.5,
      lty = c("blank", "blank", if (half) "solid")
    )
  } else {
    share <- pmin(1, pmax(0, (d[, 1L] - at[1L]) / (at[length(at)] - at[1L])))
    graphics::points(
      points,
      pch = 21L, bg = mix_colour(positive_colour, 0.05 + 0.75 * share), cex = 1.2
    )
  }
  graphics::box()
}

# Where each of several outputs is the largest.
draw_regions <- function(decision, points, d, input_names, output_names) {
  n <- length(decision$values[[1L]])
  largest <- matrix(max.col(decision$outputs, "first"), n)
  wanted <- max.col(d, "first")
  k <- ncol(d)
  colour <- plot_colours[(seq_len(k) - 1L) %% length(plot_colours) + 1L]
  marker <- plot_markers[(seq_len(k) - 1L) %% length(plot_markers) + 1L]
  start_map(decision, input_names, decision_title("Largest output", decision))
  graphics::image(
    decision$values[[1L]], decision$values[[2L]], largest,
    col = mix_colour(colour, rep(0.28, k)), zlim = c(0.5, k + 0.5), add = TRUE
  )
  for (i in seq_len(k)) {
    inside <- (largest == i) + 0
    if (any(inside == 1) && any(inside == 0)) {
      graphics::contour(
        decision$values[[1L]], decision$values[[2L]], inside,
        levels = 0.5, drawlabels = FALSE, col = "#555555", add = TRUE
      )
    }
  }
  filled <- marker > 20L
  graphics::points(
    points,
    pch = marker[wanted], bg = colour[wanted],
    col = ifelse(filled, "#000000", colour)[wanted], cex = 1.1
  )
  draw_legend(
    points[, 1L], points[, 2L], FALSE,
    legend = output_names, pch = marker, pt.bg = colour, col = ifelse(filled, "#000000", colour)
  )
  graphics::box()
}

# The outputs over one input.
draw_curve <- function(decision, points, d, input_names, output_names) {
  x <- decision$values[[1L]]
  k <- ncol(d)
  style <- line_styles(seq_len(k))
  marker <- plot_markers[(seq_len(k) - 1L) %% length(plot_markers) + 1L]
  light <- mix_colour(style$colour, rep(0.5, k))
  start_plot(
    x, c(decision$outputs, d), input_names, "output", FALSE,
    paste(decision_title("Outputs", decision), collapse = "\n")
  )
  for (i in seq_len(k)) {
    graphics::lines(x, decision$outputs[, i], col = style$colour[i], lty = style$dash[i], lwd = 2)
    graphics::points(points[, 1L], d[, i], pch = marker[i], bg = light[i])
  }
  draw_legend(
    c(rep(x, k), rep(points[, 1L], k)), c(decision$outputs, d), FALSE,
    legend = decision_labels(1L, d, output_names),
    lty = c(style$dash, rep("blank", k)), lwd = 2, col = c(style$colour, rep("#000000", k)),
    pch = c(rep(NA, k), marker), pt.bg = c(rep(NA, k), light), pt.lwd = 1
  )
}

#' Draw how the backpropagation rules do
#'
#' Rules differ by colour and by dash, layers by marker. A rule that stops before the others ends in
#' a cross.
#'
#' @param comparison,object The comparison: its `costs` is a data frame of rule, epoch and cost, its
#'   `table` one of rule, epoch, layer, cosine and length_ratio.
#' @param x For `plot()` the comparison.
#' @param what `"cost"`: the cost of every epoch; `"cosine"`: the cosine of each layer's gradient
#'   with the exact one; `"length_ratio"`: its length divided by that of the exact one, on a
#'   logarithmic scale.
#' @param ... For `plot()`: `what`.
#' @return `tp_plot_rules()` and `plot()` return invisibly what they drew, a data frame of `rule`,
#'   `layer` (0 for costs), `epoch` and `value`; `autoplot()` returns a ggplot.
#' @section Errors: `twinprop_input_error` if an argument is not as described;
#'   `twinprop_engine_error` if `autoplot()` finds no ggplot2.
#' @examples
#' comparison <- list(
#'   costs = data.frame(rule = "gradient", epoch = 1:2, cost = c(0.2, 0.1)),
#'   table = data.frame(rule = "gradient", epoch = 1, layer = 2, cosine = 1, length_ratio = 1)
#' )
#' tp_plot_rules(comparison)
#' @export
tp_plot_rules <- function(comparison, what = "cost") {
  curves <- rule_curves(comparison, what)
  what <- attr(curves, "what")
  log <- what == "length_ratio"
  rules <- rule_ends(curves)
  layers <- sort(unique(curves$layer))
  old <- legend_room(rules$label)
  on.exit(graphics::par(mar = old))
  start_plot(
    curves$epoch, c(curves$value, if (what != "cost") 1 else if (all_positive(curves$value)) 0),
    "epoch", rule_pictures[[what]], log, rule_picture_title(what)
  )
  if (what != "cost") graphics::abline(h = 1, col = "#BBBBBB")
  for (i in seq_len(nrow(rules))) {
    for (layer in layers) {
      of <- curves[curves$rule == rules$rule[i] & curves$layer == layer, ]
      if (nrow(of) == 0L) next
      graphics::lines(of$epoch, of$value, col = rules$colour[i], lty = rules$dash[i], lwd = 1.8)
      if (what != "cost") {
        some <- of[seq(1L, nrow(of), by = max(1L, nrow(of) %/% 8L)), ]
        graphics::points(
          some$epoch, some$value,
          pch = plot_markers[match(layer, layers)], col = rules$colour[i], bg = rules$colour[i],
          cex = 0.9
        )
      }
      seen <- of[is.finite(of$value), ]
      if (rules$stopped[i] && nrow(seen) > 0L) {
        end <- seen[nrow(seen), ]
        graphics::points(end$epoch, end$value, pch = 4L, col = rules$colour[i], cex = 1.6)
      }
    }
  }
  n <- if (what == "cost") 0L else length(layers)
  draw_legend(
    curves$epoch, curves$value, log,
    legend = c(rules$label, paste("layer", layers)[seq_len(n)]),
    col = c(rules$colour, rep("#555555", n)), lty = c(rules$dash, rep("blank", n)), lwd = 1.8,
    pch = c(rep(NA, nrow(rules)), plot_markers[seq_len(n)]), pt.lwd = 1, pt.bg = "#555555"
  )
  invisible(curves)
}

all_positive <- function(values) all(values >= 0, na.rm = TRUE)

rule_picture_title <- function(what) {
  paste0("Backpropagation rules", if (what != "cost") " against the gradient")
}

#' @rdname tp_plot_rules
#' @export
plot.tp_rule_comparison <- function(x, ...) {
  tp_plot_rules(x, ...)
}

#' @rdname tp_plot_rules
#' @exportS3Method ggplot2::autoplot
autoplot.tp_rule_comparison <- function(object, what = "cost", ...) { # nolint: a method
  need_ggplot2()
  curves <- rule_curves(object, what)
  what <- attr(curves, "what")
  rules <- rule_ends(curves)
  curves$label <- factor(rules$label[match(curves$rule, rules$rule)], levels = rules$label)
  curves$in_layer <- factor(paste("layer", curves$layer))
  picture <- ggplot2::ggplot(
    curves, aes_of(x = "epoch", y = "value", colour = "label", linetype = "label")
  ) +
    ggplot2::geom_line(linewidth = 0.7, na.rm = TRUE) +
    ggplot2::scale_colour_manual(values = rules$colour, name = NULL) +
    ggplot2::scale_linetype_manual(values = rules$dash, name = NULL) +
    ggplot2::labs(title = rule_picture_title(what), y = rule_pictures[[what]])
  if (what != "cost") {
    picture <- picture + ggplot2::facet_wrap(stats::as.formula("~in_layer"))
  }
  if (what == "length_ratio") picture + ggplot2::scale_y_log10() else picture
}

# The lines to draw, from the tables of a comparison: rule by rule, in their usual order, and layer
# by layer.
rule_curves <- function(comparison, what) {
  wanted <- list(
    costs = c("rule", "epoch", "cost"),
    table = c("rule", "epoch", "layer", "cosine", "length_ratio")
  )
  for (name in names(wanted)) {
    table <- if (is.list(comparison)) comparison[[name]]
    if (!is.data.frame(table) || !all(wanted[[name]] %in% names(table))) {
      input_error(
        "comparison must have a data frame ", name, " with the columns ",
        paste(wanted[[name]], collapse = ", "), ", got ", describe(comparison)
      )
    }
  }
  what <- check_choice(what, "what", names(rule_pictures))
  table <- if (what == "cost") comparison$costs else comparison$table
  value <- as.double(table[[what]])
  if (what == "length_ratio") value[!is.na(value) & value <= 0] <- NA
  curves <- data.frame(
    rule = as.character(table$rule), layer = if (what == "cost") 0L else as.integer(table$layer),
    epoch = as.double(table$epoch), value = value, stringsAsFactors = FALSE
  )
  curves <- curves[order(rule_place(curves$rule), curves$layer), ]
  rownames(curves) <- NULL
  attr(curves, "what") <- what
  curves
}

# A rule's place in the usual order; what is no rule comes last.
rule_place <- function(rule) {
  match(rule, names(rules), nomatch = length(rules) + 1L)
}

# Each rule's style, its last epoch, whether that is before the others', and its label.
rule_ends <- function(curves) {
  rule <- unique(curves$rule)
  end <- vapply(rule, function(r) max(curves$epoch[curves$rule == r]), 0)
  stopped <- end < max(end)
  place <- rule_place(rule)
  data.frame(
    rule = rule, end = end, stopped = stopped,
    colour = c(rule_colours, plot_colours[4L])[place], dash = plot_dashes[place],
    label = paste0(rule, ifelse(stopped, sprintf(" (ends at %.0f)", end), "")),
    stringsAsFactors = FALSE
  )
}

need_ggplot2 <- function() {
  if (!requireNamespace("ggplot2", quietly = TRUE)) {
    stop(tp_condition(
      "twinprop_engine_error",
      "autoplot() needs ggplot2; install it: install.packages(\"ggplot2\")"
    ))
  }
}

# ggplot2's aes() from the names of columns.
aes_of <- function(...) {
  do.call(ggplot2::aes, lapply(list(...), as.name))
}

# What a layout says, by ggplot2; a unit is an inch.
ggplot_network <- function(layout) {
  segments <- function(lines, colour, ...) {
    lines$colour <- rep_len(colour, nrow(lines))
    lines$dash <- sign_dash(lines$value)
    lines$lwd <- lines$width / points_per_lwd / ggplot2::.pt
    ggplot2::geom_segment(
      aes_of(
        x = "x0", y = "y0", xend = "x1", yend = "y1", colour = "colour", linetype = "dash",
        linewidth = "lwd"
      ),
      data = lines, ...
    )
  }
  circles <- layout$circles
  corner <- seq(0, 2 * pi, length.out = 61L)[-1L]
  rounds <- data.frame(
    neuron = rep(seq_len(nrow(circles)), each = length(corner)),
    x = rep(circles$x, each = length(corner)) + layout$radius * cos(corner),
    y = rep(circles$y, each = length(corner)) + layout$radius * sin(corner),
    fill = rep(circle_colour(circles$shade), each = length(corner))
  )
  dots <- layout$dots[rep(seq_len(nrow(layout$dots)), 3L), ]
  dots$y <- dots$y + rep(c(-1, 0, 1), each = nrow(layout$dots)) * dots$apart
  texts <- layout$texts
  texts$colour <- text_colour(texts$role)
  texts$hjust <- c(left = 0, center = 0.5, right = 1)[texts$align]
  texts$points <- texts$size / ggplot2::.pt
  paper <- texts$role %in% texts_on_lines
  words <- aes_of(
    x = "x", y = "y", label = "text", colour = "colour", hjust = "hjust", size = "points"
  )
  heads <- arrow_heads(rbind(layout$arrows, layout$flows))
  picture <- ggplot2::ggplot() +
    segments(layout$lines, sign_colour(layout$lines$value)) +
    segments(layout$arrows, error_colour) +
    segments(layout$flows, error_colour) +
    ggplot2::geom_polygon(
      aes_of(x = "x", y = "y", group = "head"),
      data = heads, fill = error_colour
    ) +
    ggplot2::geom_polygon(
      aes_of(x = "x", y = "y", group = "neuron", fill = "fill"),
      data = rounds, colour = "#333333", linewidth = 1 / points_per_lwd / ggplot2::.pt
    ) +
    ggplot2::geom_point(aes_of(x = "x", y = "y"), data = dots, size = 0.6) +
    ggplot2::geom_label(
      words,
      data = texts[paper, ], label.size = 0, label.padding = ggplot2::unit(0.02, "inches"),
      label.r = ggplot2::unit(0, "inches")
    ) +
    ggplot2::geom_text(words, data = texts[!paper, ]) +
    ggplot2::scale_colour_identity() +
    ggplot2::scale_fill_identity() +
    ggplot2::scale_linetype_identity() +
    ggplot2::scale_linewidth_identity() +
    ggplot2::scale_size_identity() +
    ggplot2::coord_fixed(
      xlim = c(0, layout$width), ylim = c(0, layout$height), expand = FALSE, clip = "off"
    ) +
    ggplot2::labs(title = paste(layout$title, collapse = "\n")) +
    ggplot2::theme_void() +
    ggplot2::theme(plot.title = ggplot2::element_text(hjust = 0.5, size = title_size))
  attr(picture, "size") <- c(
    width = layout$width, height = layout$height + 0.12 + 0.21 * length(layout$title)
  )
  picture
}
