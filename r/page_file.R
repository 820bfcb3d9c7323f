# The page with a network and its data, as one file. Twin: python/twinprop/page_file.py
#
# A browser loads no modules from files, so each stands in the file as a data: address, by which an
# import map finds it. What is the user's is JSON, which the page shows as text. JavaScript has no
# twin: the page is its own.

# The most that the page takes: it checks and draws all of it again and again.
most_page_parameters <- 100000
most_page_rows <- 2000
most_page_numbers <- 200000

# The learning rate to start with, by the activation of the output; else 0.01.
page_rates <- list(sigmoid = 0.5, softmax = 0.1)

# What is the user's -------------------------------------------------------------------------------

# What the page is given, a plan and the names of the columns, as JSON.
page_data <- function(network, x, d, cost) {
  settings <- NULL
  if (inherits(network, "tp_run")) {
    found <- page_run(network, cost)
    network <- found$network
    settings <- found$settings
    cost <- settings$cost
  } else if (inherits(network, "tp_model")) {
    fit <- unwrap_fit(network, x, d, cost)
    network <- fit$network
    x <- fit$x
    d <- fit$d
    cost <- fit$cost
  }
  if (!inherits(network, "tp_network")) {
    input_error(
      "network must be a network, a model, a fit or a run, got ", describe(network)
    )
  }
  check_network(network)
  output <- output_activation(network)
  if (is.null(cost)) cost <- if (output == "softmax") "cross_entropy" else "half_mse"
  cost <- check_cost(cost, network)
  names <- list(colnames(x), colnames(d))
  samples <- check_samples(x, d, network, cost)
  check_page_sizes(network, samples)
  if (is.null(settings)) {
    rate <- page_rates[[output]]
    settings <- list(
      rule = "gradient", update_order = "simultaneous",
      optimizer = list(name = "sgd", learning_rate = if (is.null(rate)) 0.01 else rate),
      batch_size = 1, epochs = 1000, shuffle = FALSE, seed = 42
    )
  }
  size <- settings$batch_size
  if (!is.null(size) && size > 1 && size >= nrow(samples$x)) size <- NULL
  page_json(network, cost, settings, size, samples, names)
}

page_json <- function(network, cost, settings, batch_size, samples, names) {
  plan <- json_object(c(
    format = json_string("twinprop-plan/1"),
    network = json_object(c(
      layers = json_numbers(network$layers),
      activations = json_vector(network$activations),
      weights = json_array(vapply(network$weights, json_matrix, "")),
      biases = json_array(vapply(network$biases, json_numbers, ""))
    )),
    training = json_object(c(
      cost = json_string(cost), rule = json_string(settings$rule),
      update_order = json_string(settings$update_order),
      optimizer = json_value(settings$optimizer), batch_size = json_value(batch_size),
      epochs = json_value(settings$epochs), shuffle = json_value(settings$shuffle),
      seed = json_value(settings$seed)
    )),
    data = json_object(c(x = json_matrix(samples$x), d = json_matrix(samples$d)))
  ))
  given <- c(plan = plan, inputs = json_vector(names[[1L]]), outputs = json_vector(names[[2L]]))
  # in JSON these can only be parts of strings; so none ends the element that it stands in
  text <- json_object(given)
  for (mark in c("<", ">", "&")) {
    text <- gsub(mark, sprintf("\\u%04x", utf8ToInt(mark)), text, fixed = TRUE)
  }
  text
}

# A run that the page can go on with.
page_run <- function(run, cost) {
  settings <- run$settings
  if (is.null(run$network) || is.null(settings)) {
    input_error(
      "network must be a run that knows its network and its settings; one that is read from a ",
      "file does not"
    )
  }
  if (!is.null(cost) && !identical(cost, settings$cost)) {
    input_error(
      "cost must be null or the run's own, \"", settings$cost, "\", got ", describe(cost)
    )
  }
  unknown <- c(
    dropout = any(settings$dropout > 0), clip_norm = !is.null(settings$clip_norm),
    schedule = !is.null(settings$schedule), sample_weight = !is.null(settings$sample_weight)
  )
  if (any(unknown)) input_error("the page cannot train with ", names(which(unknown))[1L], " yet")
  run
}

check_page_sizes <- function(network, samples) {
  layers <- network$layers
  last <- length(layers)
  check <- function(name, what, most, count) {
    if (count > most) {
      input_error(
        name, " must have at most ", format(most, scientific = FALSE), " ", what,
        " for the page, got ", format(count, scientific = FALSE)
      )
    }
  }
  parameters <- sum((layers[-last] + 1) * layers[-1L])
  check("network", "parameters", most_page_parameters, parameters)
  check("x", "rows", most_page_rows, nrow(samples$x))
  check("x and d", "numbers", most_page_numbers, length(samples$x) + length(samples$d))
}

# The file -----------------------------------------------------------------------------------------

# The page as one file: `given` is what page_data() returned; p5 the text of p5.js, or NULL if the
# page is to load it.
page_html <- function(given, p5) {
  page <- page_part("sketch/index.html")
  style <- page_part("sketch/style.css")
  modules <- import_map()
  # Scripts run by this word alone. It depends on what is given, which so cannot have it.
  nonce <- md5_of(paste(page, style, modules, given, if (is.null(p5)) "" else p5, sep = "\n"))
  from_cdn <- if (is.null(p5)) {
    paste0(" https://cdn.jsdelivr.net/npm/p5@", p5_version(), "/lib/p5.min.js")
  }
  policy <- paste0(
    "default-src 'none'; script-src 'nonce-", nonce, "'", from_cdn,
    "; style-src 'unsafe-inline'; img-src data: blob:; form-action 'none'; base-uri 'none'"
  )
  tag <- function(attributes, text) paste0("<script ", attributes, ">", text, "</script>")
  with_nonce <- paste0("nonce=\"", nonce, "\"")
  scripts <- c(
    tag("type=\"application/json\" id=\"given\"", given),
    if (!is.null(p5)) tag(with_nonce, inside_script(p5)),
    tag(paste("type=\"importmap\"", with_nonce), modules),
    tag(paste("type=\"module\"", with_nonce), "import \"twinprop/sketch/page.js\";")
  )
  page <- put_for(page, regmatches(page, regexpr("default-src [^\"]*", page)), policy)
  page <- put_for(
    page, "<link rel=\"stylesheet\" href=\"style.css\">", paste0("<style>\n", style, "</style>")
  )
  put_for(
    page, "<script type=\"module\" src=\"page.js\"></script>", paste(scripts, collapse = "\n")
  )
}

# The text with one of its parts replaced, once.
put_for <- function(text, old, new) {
  at <- regexpr(old, text, fixed = TRUE)
  stopifnot(at > 0L)
  paste0(substr(text, 1L, at - 1L), new, substr(text, at + nchar(old), nchar(text)))
}

md5_of <- function(text) {
  path <- tempfile()
  on.exit(unlink(path))
  writeBin(charToRaw(text), path)
  unname(tools::md5sum(path))
}

# Code without what would end its element, or change how its end is found.
inside_script <- function(code) {
  gsub("<(/script|!--)", "<\\\\\\1", code, ignore.case = TRUE)
}

# The map by which a browser finds the modules of the page, each as a data: address.
import_map <- function() {
  found <- add_module("sketch/page.js", list())
  coded <- vapply(found, function(code) {
    gsub("\n", "", jsonlite::base64_enc(charToRaw(code)), fixed = TRUE)
  }, "")
  lines <- paste0("\"twinprop/", names(found), "\": \"data:text/javascript;base64,", coded, "\"")
  paste0("{\"imports\": {\n", paste(lines, collapse = ",\n"), "\n}}")
}

# Add a module and those that it imports, which it then finds by the map.
add_module <- function(name, found) {
  folder <- if (startsWith(name, "sketch/")) "sketch/" else ""
  here <- paste0(" from \"twinprop/", folder)
  code <- gsub(" from \"./", here, page_part(name), fixed = TRUE)
  found[[name]] <- code <- gsub(" from \"../", " from \"twinprop/", code, fixed = TRUE)
  imports <- regmatches(code, gregexpr(" from \"twinprop/[^\"]*\";", code))[[1L]]
  for (imported in sub(" from \"twinprop/([^\"]*)\";", "\\1", imports)) {
    if (!imported %in% names(found)) found <- add_module(imported, found)
  }
  found
}

page_part <- function(name) {
  plan_text(system.file("js", name, package = "twinprop", mustWork = TRUE), "page")
}

# p5.js --------------------------------------------------------------------------------------------

# The version of p5.js that the page asks for.
p5_version <- function() {
  code <- page_part("sketch/load_p5.js")
  sub(".*\"([^\"]+)\"", "\\1", regmatches(code, regexpr("P5_VERSION = \"[^\"]+\"", code)))
}

# The text of a copy of p5.js: of p5.min.js beside the page, if p5 is NULL and there is one.
read_p5 <- function(p5) {
  if (is.null(p5)) {
    p5 <- system.file("js", "sketch", "p5.min.js", package = "twinprop")
    if (p5 == "") {
      return(NULL)
    }
  }
  if (!is_string(p5)) input_error("p5 must be a path, got ", describe(p5))
  text <- tryCatch(
    plan_text(p5, "file"),
    error = function(e) input_error("cannot read p5.js: no file ", describe(p5))
  )
  Encoding(text) <- "UTF-8"
  if (!grepl(paste0("\"", p5_version(), "\""), text, fixed = TRUE)) {
    input_error("p5 must be p5.min.js of version ", p5_version(), ", got ", describe(p5))
  }
  text
}
