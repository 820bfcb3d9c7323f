# Where the picture of a network puts what. Twin: python/twinprop/layout.py
#
# Section 15 of the contract. Pure functions: from the network's numbers to positions in inches and
# texts, which plots.R draws as they are. JavaScript has no twin: a page draws its own picture.

# Sizes of texts in points: none is smaller than the first.
text_size <- 8
caption_size <- 9
title_size <- 11

# Height of a line of text and widths of a character, in parts of the text's size. Digits are 0.64
# wide in matplotlib's own font and 0.56 in R's, most other letters less; wide are capitals, m, w,
# @, % and whatever is not ASCII. Numbers have a point and a sign, which are narrow.
line_part <- 1.3
narrow_part <- 0.65
wide_part <- 0.95
digit_part <- 0.6

# Columns of circles are this far apart, in inches, when the picture may choose its size; further
# where a gap holds more than a few weights.
natural_gaps <- c(2.5, 3)
few_weights <- 16
# The largest distances of columns and of neurons when the size is given, and the largest picture.
largest_gap <- 3.6
largest_pitch <- 1.3
largest_width <- 20

# Radius of a circle: the usual one, that of large layers, and the smallest that holds a number.
usual_radius <- 0.25
small_radius <- 0.215
smallest_radius <- 0.205
# More neurons than this make a large layer.
large_layer <- 6

# A layer takes at most this many places: the first ten neurons, an ellipsis, the last neuron.
most_places <- 12L

# Names of inputs and outputs are cut to this many characters.
longest_name <- 14L

# Widths of lines in points, from a weight of 0 to the largest.
thinnest <- 0.6
thickest <- 3.4
# The largest in a gap of many weights, and the ellipsis' dots as parts of the neurons' distance.
thickest_of_many <- 2
dots_part <- 0.2
thinnest_arrow <- 0.6
thickest_arrow <- 2.2

# More weights than this in a gap are many: errors are not drawn on their way back there.
many_weights <- 36
# How far beside the line of its weight an error goes back.
beside_line <- 0.055

# A number of at most this many characters; longer ones lose a digit.
longest_number <- 6L

# What is smaller than this beside the numbers that it comes from is rounding, and written as 0.
rounding_part <- 1e-12

# Room for rounding in comparisons of lengths, so that both languages decide alike.
length_room <- 1e-9

# A number in at most six characters or so; 0 if it is no larger than `floor`.
short_number <- function(value, floor = 0) {
  if (!is.finite(value)) {
    return(describe(value))
  }
  # as rounded: 0.9999 and 1 must choose alike
  size <- as.double(sprintf("%.2e", abs(value)))
  if (abs(value) <= floor || size == 0) {
    return("0")
  }
  if (size >= 0.001 && size < 1000) {
    decimals <- if (size >= 100) 0L else if (size >= 10) 1L else if (size >= 0.1) 2L else 3L
    return(sprintf("%.*f", decimals, value))
  }
  text <- short_exponent(sprintf("%.1e", value))
  if (nchar(text) <= longest_number) text else short_exponent(sprintf("%.0e", value))
}

# 1.2e+04 as 1.2e4.
short_exponent <- function(text) {
  parts <- strsplit(text, "e", fixed = TRUE)[[1L]]
  paste0(parts[1L], "e", as.integer(parts[2L]))
}

short_numbers <- function(values, floor = 0) {
  vapply(as.vector(values), short_number, "", floor = floor, USE.NAMES = FALSE)
}

# A text that is too long is cut and ends with dots.
cut_text <- function(text, longest = longest_name) {
  ifelse(nchar(text) <= longest, text, paste0(substr(text, 1L, max(0, longest - 3)), "..."))
}

# The height of a line of text in inches.
line_height <- function(size = text_size) {
  line_part * size / 72
}

# About how wide texts are in inches, rather too much than too little.
text_width <- function(text, size = text_size) {
  vapply(text, function(one) {
    codes <- utf8ToInt(enc2utf8(one))
    wide <- sum((codes >= 65 & codes <= 90) | codes %in% utf8ToInt("mw@%") | codes > 127)
    (wide * wide_part + (length(codes) - wide) * narrow_part) * size / 72
  }, 0, USE.NAMES = FALSE)
}

# About how wide numbers are in inches.
number_width <- function(text) {
  (nchar(text) * digit_part + 0.1) * text_size / 72
}

# Pieces joined to lines of at most this width; a piece that is too long is cut.
wrap_pieces <- function(pieces, width, size, between = ", ") {
  longest <- max(1, floor(width * 72 / size / narrow_part + length_room))
  lines <- character()
  for (piece in pieces) {
    at <- length(lines)
    joined <- paste0(lines[at], between, piece)
    if (at > 0L && text_width(joined, size) <= width + length_room) {
      lines[at] <- joined
    } else {
      lines <- c(lines, cut_text(piece, longest))
    }
  }
  lines
}

# The neurons of a layer that are drawn, the place of each, and how many places.
drawn_neurons <- function(units) {
  if (units <= most_places) {
    return(list(neurons = seq_len(units), at = seq_len(units) - 1L, places = units))
  }
  first <- most_places - 2L
  list(
    neurons = c(seq_len(first), units), at = c(seq_len(first) - 1L, most_places - 1L),
    places = most_places
  )
}

# Which of some boxes, by their middles and sizes, share some area with a box.
overlaps <- function(box, x, y, width, height) {
  abs(box$x - x) < (box$width + width) / 2 - length_room &
    abs(box$y - y) < (box$height + height) / 2 - length_room
}

# The picture of a network: sizes and positions in inches from the lower left corner, as data
# frames. `content` is what it shows (see network_content() in plots.R); `values` whether weights
# and biases are written (NULL: in each gap between layers all weights or none, as there is room;
# TRUE: as many as there is room for; FALSE: none); `size` its width and height, as large as it
# needs if NULL.
network_layout <- function(content, values = NULL, size = NULL) {
  frame <- layout_measures(content, values, size)
  circles <- layout_circles(content, frame)
  lines <- layout_lines(content, frame, circles$circles)
  texts <- rbind(
    layout_captions(frame),
    layout_beside(content, frame, circles$circles, values),
    layout_names(content, frame, circles$circles)
  )
  weights <- layout_weights(frame, content, lines, circles$circles, texts, values)
  flows <- layout_flows(content, frame)
  list(
    width = frame$width,
    height = frame$height,
    radius = frame$radius,
    title = wrap_pieces(content$title, frame$width - 0.1, title_size),
    circles = circles$circles,
    dots = circles$dots,
    lines = lines,
    arrows = layout_arrows(content, lines),
    flows = flows$flows,
    texts = rbind(texts, weights$texts, flows$texts, layout_key(frame)),
    written = weights$written
  )
}

# Texts at the height of their middles, `align` saying what part of them is at x. `role` is caption,
# number (in a circle), bias, error, desired, input, output, weight, flow or key; `layer`, `neuron`
# and `source`, from which a weight leads, are 0 where a text has none. `width` is what it may take.
layout_texts <- function(role = character(), layer = 0L, neuron = 0L, source = 0L, x = numeric(),
                         y = numeric(), text = character(), size = text_size,
                         align = "center", width = text_width(text, size)) {
  n <- length(text)
  data.frame(
    role = rep_len(role, n), layer = rep_len(as.integer(layer), n),
    neuron = rep_len(as.integer(neuron), n), source = rep_len(as.integer(source), n),
    x = rep_len(as.double(x), n), y = rep_len(as.double(y), n), text = text,
    size = rep_len(size, n), align = rep_len(align, n), width = rep_len(width, n),
    stringsAsFactors = FALSE
  )
}

long_captions <- function(content) {
  kinds <- c("input", content$activations)
  lapply(seq_along(content$layers), function(layer) {
    units <- content$layers[layer]
    shown <- length(drawn_neurons(units)$neurons)
    count <- if (units == 1L) "1 neuron" else paste(units, "neurons")
    c(
      paste0("layer ", layer, ": ", kinds[layer]),
      if (shown < units) paste0(count, ", ", shown, " drawn") else count
    )
  })
}

short_captions <- function(content) {
  Map(c, c("input", content$activations), as.character(content$layers), USE.NAMES = FALSE)
}

key_pieces <- function(content, values, beside, desired) {
  errors <- !is.null(content$e)
  c(
    "solid blue: weight >= 0", "dashed orange: weight < 0",
    if (beside && !isFALSE(values)) "b: bias",
    if (desired && errors) "d: desired output",
    if (beside && errors) "e: error",
    if (errors && length(content$layers) > 2L) "purple arrow: error going back"
  )
}

# The sizes of a picture, and what there is room for, before anything is in it.
layout_measures <- function(content, values, size) {
  gaps <- length(content$layers) - 1L
  places <- max(vapply(content$layers, function(units) drawn_neurons(units)$places, 0L))
  side_lines <- (!isFALSE(values)) + (!is.null(content$e))
  columns <- layout_columns(content, values, size)
  width <- if (is.null(size)) columns$left + columns$right + gaps * columns$gap else size[1L]

  # Rows.
  key <- wrap_pieces(key_pieces(content, values, TRUE, TRUE), width - 0.1, text_size, "   ")
  if (length(key) > 3L) key <- character()
  flow <- !is.null(content$e) && gaps > 1L
  top <- (if (length(columns$captions)) 2 else 0) * line_height(caption_size) + 0.1
  bottom <- length(key) * line_height() + (if (flow) 0.3 else 0) + 0.1
  side <- side_lines * line_height()
  if (is.null(size)) {
    large <- places > large_layer
    pitch <- 2 * (if (large) small_radius else usual_radius) + side + (if (large) 0.06 else 0.16)
    height <- top + bottom + places * pitch
  } else {
    height <- size[2L]
    pitch <- max(0.04, min((height - top - bottom) / places, largest_pitch))
  }
  radius <- min(usual_radius, (pitch - side - 0.05) / 2)
  beside <- radius >= smallest_radius - length_room && columns$gap >= 0.7
  if (!beside) radius <- min(usual_radius, (pitch - 0.06) / 2)
  radius <- max(0.015, min(radius, 0.3 * columns$gap))
  output_lines <- if (is.null(content$d)) 1 else 2
  output_lines <- if (columns$with_names) {
    min(output_lines, floor(pitch / line_height() + length_room))
  } else {
    0
  }
  if (length(key)) { # without what there was no room for
    pieces <- key_pieces(content, values, beside, output_lines == 2)
    key <- wrap_pieces(pieces, width - 0.1, text_size, "   ")
  }
  start <- columns$left + (width - columns$left - columns$right - gaps * columns$gap) / 2
  list(
    width = width, height = height,
    x = start + columns$gap * (0:gaps), gap = columns$gap,
    middle = bottom + (height - top - bottom) / 2, pitch = pitch,
    radius = radius,
    numbers = radius >= (if (is.null(content$a)) 0.12 else smallest_radius) - length_room,
    beside = beside,
    captions = columns$captions,
    input_lines = if (columns$with_names && pitch >= line_height()) 1 else 0,
    output_lines = output_lines,
    key = key
  )
}

# Columns: names and long captions, else short captions, else none, where the width is given.
layout_columns <- function(content, values, size) {
  gaps <- length(content$layers) - 1L
  left_names <- max(text_width(cut_text(content$input_names)))
  right_names <- max(text_width(cut_text(content$output_names)))
  if (!is.null(content$d)) {
    right_names <- max(right_names, text_width(paste("d", short_numbers(content$d))))
  }
  tries <- list(
    list(captions = long_captions(content), with_names = TRUE),
    list(captions = short_captions(content), with_names = TRUE),
    list(captions = short_captions(content), with_names = FALSE),
    list(captions = list(), with_names = FALSE)
  )
  for (try in tries) {
    widths <- vapply(try$captions, function(lines) max(text_width(lines, caption_size)), 0)
    n <- length(widths)
    left <- max(if (n) widths[1L] / 2, usual_radius) + 0.06
    right <- max(if (n) widths[n] / 2, usual_radius) + 0.06
    if (try$with_names) {
      left <- max(left, left_names + usual_radius + 0.16)
      right <- max(right, right_names + usual_radius + 0.16)
    }
    needed <- max(0.8, if (n) (widths[-n] + widths[-1L]) / 2 + 0.1)
    gap <- if (is.null(size)) {
      max(needed, min(natural_gap(content, values), (largest_width - left - right) / gaps))
    } else {
      min((size[1L] - left - right) / gaps, largest_gap)
    }
    if (gap >= needed - length_room) break
  }
  c(try, list(left = left, right = right, gap = max(gap, 0.02)))
}

# How far columns are apart when the picture may choose.
natural_gap <- function(content, values) {
  shown <- vapply(content$layers, function(units) length(drawn_neurons(units)$neurons), 0L)
  most <- max(shown[-1L] * shown[-length(shown)])
  natural_gaps[if (!isFALSE(values) && most > few_weights) 2L else 1L]
}

# The neurons: `shade` is the activation, beside 1 or the layer's largest size. The ellipses for
# those that are not drawn: three dots, `apart`.
layout_circles <- function(content, frame) {
  found <- lapply(seq_along(content$layers), function(layer) {
    drawn <- drawn_neurons(content$layers[layer])
    y <- function(place) frame$middle + ((drawn$places - 1) / 2 - place) * frame$pitch
    a <- content$a[[layer]]
    list(
      circles = data.frame(
        layer = layer, neuron = drawn$neurons, x = frame$x[layer], y = y(drawn$at),
        shade = if (is.null(a)) 0 else a[drawn$neurons] / max(1, abs(a))
      ),
      dots = if (length(drawn$neurons) < content$layers[layer]) {
        data.frame(
          layer = layer, x = frame$x[layer], y = y(most_places - 2L),
          apart = min(0.1, dots_part * frame$pitch)
        )
      }
    )
  })
  dots <- do.call(rbind, lapply(found, `[[`, "dots"))
  if (is.null(dots)) {
    dots <- data.frame(layer = integer(), x = numeric(), y = numeric(), apart = numeric())
  }
  list(circles = do.call(rbind, lapply(found, `[[`, "circles")), dots = dots)
}

# A line for each weight between neurons that are drawn, from border to border: from neuron `source`
# of the layer before to neuron `target` of `layer`.
layout_lines <- function(content, frame, circles) {
  largest <- max(abs(unlist(content$weights)))
  do.call(rbind, lapply(seq_along(content$layers)[-1L], function(layer) {
    targets <- circles[circles$layer == layer, ]
    sources <- circles[circles$layer == layer - 1L, ]
    many <- nrow(targets) * nrow(sources) > many_weights
    target <- targets[rep(seq_len(nrow(targets)), each = nrow(sources)), ]
    source <- sources[rep(seq_len(nrow(sources)), nrow(targets)), ]
    weight <- content$weights[[layer - 1L]][cbind(target$neuron, source$neuron)]
    share <- if (largest > 0) abs(weight) / largest else 0
    dx <- target$x - source$x
    dy <- target$y - source$y
    part <- frame$radius / sqrt(dx * dx + dy * dy)
    data.frame(
      layer = layer, source = source$neuron, target = target$neuron,
      x0 = source$x + part * dx, y0 = source$y + part * dy,
      x1 = target$x - part * dx, y1 = target$y - part * dy,
      value = weight,
      width = thinnest + ((if (many) thickest_of_many else thickest) - thinnest) * share
    )
  }))
}

# The errors on their way back, each a little below the line of its weight: `value` is its share,
# and the line goes from target to source.
layout_arrows <- function(content, lines) {
  arrows <- lapply(seq_along(content$shares), function(i) {
    arrow <- lines[lines$layer == i + 2L, ]
    if (nrow(arrow) > many_weights) {
      return(NULL)
    }
    shares <- content$shares[[i]]
    largest <- max(abs(shares))
    share <- shares[cbind(arrow$target, arrow$source)]
    size <- if (largest > 0) abs(share) / largest else 0
    dx <- arrow$x1 - arrow$x0
    dy <- arrow$y1 - arrow$y0
    length <- sqrt(dx * dx + dy * dy)
    right <- beside_line * dy / length
    down <- -beside_line * dx / length
    data.frame(
      layer = arrow$layer, source = arrow$source, target = arrow$target,
      x0 = arrow$x1 + right, y0 = arrow$y1 + down, x1 = arrow$x0 + right, y1 = arrow$y0 + down,
      value = share,
      width = thinnest_arrow + (thickest_arrow - thinnest_arrow) * size
    )
  })
  do.call(rbind, c(list(lines[0L, ]), arrows))
}

layout_captions <- function(frame) {
  height <- line_height(caption_size)
  top <- frame$height - 0.04
  count <- lengths(frame$captions)
  layout_texts(
    "caption", rep(seq_along(count), count),
    x = rep(frame$x[seq_along(count)], count),
    y = top - (sequence(count) - 0.5) * height,
    text = as.character(unlist(frame$captions)), size = caption_size
  )
}

# The texts in the circles, the biases above and the errors below.
layout_beside <- function(content, frame, circles, values) {
  away <- frame$radius + line_height() / 2 + 0.01
  floors <- rounding_floors(content)
  rows <- lapply(seq_len(nrow(circles)), function(row) {
    circle <- circles[row, ]
    layer <- circle$layer
    k <- circle$neuron
    add <- function(role, y, text, width) {
      layout_texts(role, layer, k, x = circle$x, y = y, text = text, width = width)
    }
    number <- if (is.null(content$a)) {
      as.character(k)
    } else {
      short_number(content$a[[layer]][k], floors[1L])
    }
    beside <- frame$beside && layer > 1L
    rbind(
      if (frame$numbers) add("number", circle$y, number, number_width(number)),
      if (beside && !isFALSE(values)) {
        bias <- paste("b", short_number(content$biases[[layer - 1L]][k]))
        add("bias", circle$y + away, bias, text_width(bias))
      },
      if (beside && !is.null(content$e)) {
        error <- paste("e", short_number(content$e[[layer - 1L]][k], floors[2L]))
        add("error", circle$y - away, error, text_width(error))
      }
    )
  })
  do.call(rbind, rows)
}

# The sizes below which activations and errors are rounding.
rounding_floors <- function(content) {
  largest <- max(0, abs(as.double(unlist(content$a))))
  errors <- if (is.null(content$e)) {
    0
  } else {
    max(abs(c(unlist(content$e), content$a[[length(content$a)]], content$d)))
  }
  c(min(1e-6, rounding_part * largest), rounding_part * errors)
}

# The names left of the inputs and right of the outputs, there with what is desired.
layout_names <- function(content, frame, circles) {
  away <- frame$radius + 0.08
  add <- function(role, circle, lines, text) {
    input <- role == "input"
    layout_texts(
      role, circle$layer, circle$neuron,
      x = circle$x + (if (input) -away else away), y = circle$y + lines * line_height(),
      text = text, align = if (input) "right" else "left"
    )
  }
  inputs <- circles[circles$layer == 1L, ]
  outputs <- circles[circles$layer == length(content$layers), ]
  two <- frame$output_lines == 2
  rbind(
    if (frame$input_lines > 0) {
      add("input", inputs, 0, cut_text(content$input_names)[inputs$neuron])
    },
    if (frame$output_lines > 0) {
      named <- add(
        "output", outputs, if (two) 0.5 else 0, cut_text(content$output_names)[outputs$neuron]
      )
      if (two) {
        desired <- paste("d", short_numbers(content$d[outputs$neuron]))
        named <- rbind(named, add("desired", outputs, -0.5, desired))
        # neuron by neuron
        named <- named[order(rep(seq_len(nrow(outputs)), 2L)), ]
      }
      named
    }
  )
}

# The weights on their lines, gap by gap, where none hides another; and for each gap whether there
# are any.
layout_weights <- function(frame, content, lines, circles, texts, values) {
  beside <- texts[texts$role %in% c("bias", "error"), ]
  taken <- data.frame(
    x = c(circles$x, beside$x), y = c(circles$y, beside$y),
    width = c(rep(2 * frame$radius, nrow(circles)), beside$width),
    height = c(rep(2 * frame$radius, nrow(circles)), rep(line_height(), nrow(beside)))
  )
  found <- lapply(seq_along(content$layers)[-1L], function(layer) {
    if (isFALSE(values)) {
      return(NULL)
    }
    near <- frame$x[layer - 1L] - 1 < taken$x & taken$x < frame$x[layer] + 1
    place_weights(frame, lines[lines$layer == layer, ], taken[near, ], is.null(values))
  })
  list(
    texts = do.call(rbind, found),
    written = vapply(found, function(texts) NROW(texts) > 0L, NA)
  )
}

# Each weight at the first of its candidate places that is free; NULL if there is none and all are
# wanted. The first candidate is where the lines from one neuron are as far apart as those of the
# next begin (with one source half of the way); the others go on from there, in steps of a text's
# width.
place_weights <- function(frame, lines, taken, all_or_none) {
  lines <- lines[order(lines$source, lines$target), ]
  texts <- short_numbers(lines$value)
  width <- max(number_width(texts)) + 0.03
  height <- line_height() + 0.01
  nearest <- (frame$radius + 0.05 + width / 2) / frame$gap
  one <- length(unique(lines$source)) == 1L
  first <- if (one) 0.5 else 1 / (length(unique(lines$target)) + 1)
  tries <- weight_places(nearest, first, (width + 0.03) / frame$gap)
  # from middle to middle of the circles
  left <- frame$x[lines$layer[1L] - 1L]
  x <- left + tries * (frame$x[lines$layer[1L]] - left)
  chosen <- rep(NA_integer_, nrow(lines))
  y <- numeric(nrow(lines))
  for (i in seq_len(nrow(lines))) {
    slope <- (lines$y1[i] - lines$y0[i]) / (lines$x1[i] - lines$x0[i])
    for (try in seq_along(x)) {
      box <- list(
        x = x[try], y = lines$y0[i] + slope * (x[try] - lines$x0[i]), width = width, height = height
      )
      if (!any(overlaps(box, taken$x, taken$y, taken$width, taken$height))) {
        taken <- list(
          x = c(taken$x, box$x), y = c(taken$y, box$y), width = c(taken$width, width),
          height = c(taken$height, height)
        )
        chosen[i] <- try
        y[i] <- box$y
        break
      }
    }
    if (is.na(chosen[i]) && all_or_none) {
      return(NULL)
    }
  }
  there <- !is.na(chosen)
  layout_texts(
    "weight", lines$layer[there], lines$target[there], lines$source[there],
    x = x[chosen[there]], y = y[there], text = texts[there], width = number_width(texts[there])
  )
}

# The parts of the way at which a weight may be written, the best first.
weight_places <- function(nearest, first, step) {
  first <- max(nearest, first)
  result <- numeric()
  for (offset in c(0, 0.5, 0.25, 0.75)) {
    t <- first + offset * step
    while (t <= 1 - nearest + length_room) {
      result <- c(result, t)
      t <- t + step
    }
  }
  t <- first - step
  while (t >= nearest - length_room) {
    result <- c(result, t)
    t <- t - step
  }
  result
}

# The arrows below the network, from each layer's errors to those before.
layout_flows <- function(content, frame) {
  depth <- length(content$layers)
  layers <- if (is.null(content$e) || depth < 3L) integer() else depth:3
  y <- length(frame$key) * line_height() + 0.06 + 0.12
  x0 <- frame$x[layers] - 0.15
  x1 <- frame$x[layers - 1L] + 0.15
  long <- x0 - x1 >= 0.2
  n <- sum(long)
  text <- paste0("e[", layers - 1L, "] from e[", layers, "]")[seq_along(layers)]
  fits <- long & text_width(text) < x0 - x1 - 0.3
  list(
    flows = data.frame(
      layer = layers[long], source = rep(0L, n), target = rep(0L, n), x0 = x0[long],
      y0 = rep(y, n), x1 = x1[long], y1 = rep(y, n), value = numeric(n),
      width = rep(thickest_arrow, n)
    ),
    texts = layout_texts(
      "flow", layers[fits],
      x = ((x0 + x1) / 2)[fits], y = y, text = text[fits]
    )
  )
}

# What the colours and letters mean, at the bottom.
layout_key <- function(frame) {
  n <- length(frame$key)
  layout_texts(
    "key",
    x = frame$width / 2, y = 0.05 + (n - seq_len(n) + 0.5) * line_height(), text = frame$key
  )
}
