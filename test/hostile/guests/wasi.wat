;; wasi: looks at the clock, prints, draws random numbers, and misuses all of it.
(data (i32.const 300) "hello\nwor")
(data (i32.const 310) "ld\nunfinished")

(func $answer (param $from i32) (param $length i32) (result i32)
  (call $store_frame (i32.const 32) (i64.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (local.get $from) (local.get $length))
  (call $ok (i32.const 32) (i32.const 1)))

(func $print (param $stream i32) (param $from i32) (param $length i32)
  (call $write (local.get $stream) (local.get $from) (local.get $length) (i32.const 200)))

(func $attack (param $command i32) (param $pts i64) (param $data i32) (param $length i32) (result i32)
  ;; 1: prints two lines in three pieces on stdout, one on stderr.
  (if (i32.eq (local.get $command) (i32.const 1))
    (then
      (call $print (call $stdout) (i32.const 300) (i32.const 9))
      (call $print (call $stderr) (i32.const 300) (i32.const 5))
      (call $print (call $stdout) (i32.const 310) (i32.const 13))))
  ;; 2: the monotonic clock twice, then the wall clock.
  (if (i32.eq (local.get $command) (i32.const 2))
    (then
      (i64.store (i32.const 400) (call $now))
      (i64.store (i32.const 408) (call $now))
      (call $wall (i32.const 416))
      (return (call $answer (i32.const 400) (i32.const 32)))))
  ;; 3: 16 random bytes, and the length of 1000 more.
  (if (i32.eq (local.get $command) (i32.const 3))
    (then
      (i64.store (i32.const 400) (call $random))
      (i64.store (i32.const 408) (call $random))
      (call $random_bytes (i64.const 1000) (i32.const 416))
      (return (call $answer (i32.const 400) (i32.const 24)))))
  (if (i32.eq (local.get $command) (i32.const 4)) (then (call $exit (i32.const 1))))
  (if (i32.eq (local.get $command) (i32.const 5)) (then (call $exit (i32.const 0))))
  ;; 6: more random bytes than there is memory for.
  (if (i32.eq (local.get $command) (i32.const 6)) (then (call $random_bytes (i64.const 0x7fffffffffffffff) (i32.const 416))))
  ;; 7: prints for ever; 8: makes pollables for ever.
  (if (i32.eq (local.get $command) (i32.const 7))
    (then (loop $again (call $print (call $stdout) (i32.const 300) (i32.const 6)) (br $again))))
  (if (i32.eq (local.get $command) (i32.const 8))
    (then (loop $again (drop (call $subscribe (i64.const 1))) (br $again))))
  ;; 9: a stream that it doesn't have; 10: bytes that it doesn't have; 11: a pollable as a stream.
  (if (i32.eq (local.get $command) (i32.const 9)) (then (call $print (i32.const 7777) (i32.const 300) (i32.const 5))))
  (if (i32.eq (local.get $command) (i32.const 10)) (then (call $print (call $stdout) (i32.const 0x7fffff00) (i32.const 5))))
  (if (i32.eq (local.get $command) (i32.const 11))
    (then (call $print (call $subscribe (i64.const 1)) (i32.const 300) (i32.const 5))))
  ;; 12: how many variables its environment has.
  (if (i32.eq (local.get $command) (i32.const 12))
    (then
      (call $environment (i32.const 400))
      (return (call $answer (i32.const 404) (i32.const 4)))))
  ;; 13: sleeps for an hour, and looks at the clock before and after.
  (if (i32.eq (local.get $command) (i32.const 13))
    (then
      (i64.store (i32.const 400) (call $now))
      (call $block (call $subscribe (i64.const 3600000000000)))
      (i64.store (i32.const 408) (call $now))
      (return (call $answer (i32.const 400) (i32.const 16)))))
  (call $ok (i32.const 0) (i32.const 0)))
