//! The function that runs in a task. In Lambda each function is a process of its own; here all share one process.

tokio::task_local! {
    static FUNCTION: &'static str;
}

/// Runs `future` as a function: that of the route with this path, or, without a route, the function of this name.
pub async fn run_as<T>(function: &'static str, future: impl Future<Output = T>) -> T {
    FUNCTION.scope(function, future).await
}

/// Returns the function that runs in this task: its route's path, or its name.
pub fn running() -> Option<&'static str> {
    FUNCTION.try_with(|function| *function).ok()
}
