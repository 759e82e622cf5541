use super::*;

#[test]
fn memory_is_in_mib() {
    assert_eq!(field("Name:\tjeton\nVmRSS:\t   2048 kB\n", "VmRSS:"), Some(2.0));
    assert_eq!(field("Name:\tjeton\n", "VmRSS:"), None);
}

#[test]
fn processor_time_is_that_of_user_and_system() {
    let stat = "7 (a (b) c) S 1 7 7 0 -1 4194560 100 0 0 0 12 3 0 0 20 0 9 0 55 1 2";
    assert_eq!(ticks(stat), Some(Duration::from_millis(150)));
    assert_eq!(ticks("7 (jeton) S 1"), None);
}

#[test]
fn a_thread_that_began_later_counts_and_one_that_ended_does_not() {
    let threads = |all: &[(&str, u64)]| Threads(all.iter().map(|(id, time)| (id.into(), *time)).collect());
    let (earlier, later) = (threads(&[("1", 10), ("2", 50)]), threads(&[("1", 15), ("3", 2)]));
    assert_eq!(later.since(&earlier).unwrap(), Duration::from_nanos(7));
    assert!(earlier.since(&threads(&[("1", 11)])).is_err());
}

#[tokio::test]
async fn a_server_is_measured_and_killed() {
    let mut command = Command::new("sh");
    command.args(["-c", "echo it is listening on http://127.0.0.1:1; while true; do true; done"]);
    let mut process = Process::start_server(MEASURED, command).unwrap();
    assert_eq!(process.next_address().await.unwrap().port(), 1);
    let directory = process.directory();
    let status = fs::read_to_string(directory.join("status")).unwrap();
    assert!(status.contains(&format!("\nCpus_allowed_list:\t{MEASURED}\n")), "{status}");
    while process.cpu().unwrap() < Duration::from_millis(20) {}
    assert!(process.threads().unwrap().since(&Threads(HashMap::new())).unwrap() > Duration::from_millis(10));
    let memory = process.memory().unwrap();
    assert!(memory.now > 0.0 && memory.peak >= memory.now);
    process.kill().await.unwrap();
    assert!(!directory.exists());
}

#[tokio::test]
async fn a_server_that_does_not_start_is_an_error_with_what_it_wrote() {
    let mut command = Command::new("sh");
    command.args(["-c", "echo the port is taken >&2"]);
    let error = Process::start_server(MEASURED, command).unwrap().next_address().await.unwrap_err();
    assert_eq!(error.to_string(), "the server did not start: the port is taken");
}

#[tokio::test]
async fn a_program_gets_its_input_and_a_failed_one_is_an_error_with_its_standard_error() {
    assert_eq!(run(Path::new("cat"), &[], "done\n").await.unwrap(), b"done\n");
    let error = run(Path::new("sh"), &["-c", "echo wrong >&2; exit 3"], "").await.unwrap_err();
    assert_eq!(error.to_string(), "sh -c echo wrong >&2; exit 3: exit status: 3: wrong");
    assert!(run(Path::new("false"), &[], "").await.is_err());
}

#[tokio::test]
async fn the_peak_of_a_short_program_is_known() {
    let (output, peak) = run_with_peak(Path::new("sh"), &["-c", "sleep 0.1; echo done"]).await.unwrap();
    assert_eq!(output, b"done\n");
    assert!(peak.unwrap() > 0.1, "{peak:?}");
}
