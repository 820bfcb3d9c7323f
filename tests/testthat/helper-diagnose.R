# The diagnosis cases of tests/cases/diagnose, and how R is asked about them. Twins:
# tests/diagnoses.py, tests/js/diagnoses.js

# All cases: what fires, and what nearly does.
diagnosis_cases <- function(folder = testthat::test_path("..", "cases", "diagnose")) {
  files <- sort(list.files(folder, pattern = "[.]json$", full.names = TRUE), method = "radix")
  unlist(lapply(files, function(path) {
    jsonlite::parse_json(paste(readLines(path, warn = FALSE, encoding = "UTF-8"), collapse = "\n"))
  }), recursive = FALSE)
}

# The run or the network of a case, and x and d.
model_of <- function(case) {
  internal <- asNamespace("twinprop")
  training <- if (is.null(case$training)) list(cost = case$cost) else case$training
  softmax <- identical(case$network$activations, "softmax")
  if (is.null(training$cost)) training$cost <- if (softmax) "cross_entropy" else "half_mse"
  plan <- internal$check_plan(
    list(network = case$network, training = training, data = case$data)
  )
  model <- internal$start_network(plan$network)
  if (!is.null(case$history)) {
    model <- structure(
      list(
        network = model, updates = case$history$updates,
        initial_cost = case$history$initial_cost, cost = as.numeric(unlist(case$history$cost)),
        final_cost = case$history$final_cost, settings = plan$training
      ),
      class = "tp_run"
    )
  } else if (!is.null(case$training)) {
    model <- internal$train_plan(plan)
  }
  list(model = model, x = plan$x, d = plan$d)
}

# R's diagnosis of a case.
diagnose_case <- function(case) {
  of <- model_of(case)
  twinprop::tp_diagnose(of$model, of$x, of$d, case$cost)
}
