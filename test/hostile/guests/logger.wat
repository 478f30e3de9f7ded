;; logger: logs too much, too long, and from nowhere.
(data (i32.const 300) "hello")
(func $attack (param $command i32) (param $pts i64) (param $data i32) (param $length i32) (result i32)
  (local $left i32)
  ;; 1: a million lines.
  (if (i32.eq (local.get $command) (i32.const 1))
    (then
      (local.set $left (i32.const 1000000))
      (loop $next
        (call $log (i32.const 1) (i32.const 300) (i32.const 5))
        (br_if $next (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))))
  ;; 2, 3: lines from outside of memory.
  (if (i32.eq (local.get $command) (i32.const 2)) (then (call $log (i32.const 1) (i32.const 0x7fffffff) (i32.const 5))))
  (if (i32.eq (local.get $command) (i32.const 3)) (then (call $log (i32.const 1) (i32.const 300) (i32.const 0xffffffff))))
  ;; 4: a line of 60,000 bytes.
  (if (i32.eq (local.get $command) (i32.const 4))
    (then
      (memory.fill (i32.const 4096) (i32.const 97) (i32.const 60000))
      (call $log (i32.const 2) (i32.const 4096) (i32.const 60000))))
  ;; 5: a level that doesn't exist; 6: the frame's own bytes; 7: an empty line at each level.
  (if (i32.eq (local.get $command) (i32.const 5)) (then (call $log (i32.const 99) (i32.const 300) (i32.const 5))))
  (if (i32.eq (local.get $command) (i32.const 6))
    (then (call $log (i32.const 3) (i32.add (local.get $data) (i32.const 1)) (i32.sub (local.get $length) (i32.const 1)))))
  (if (i32.eq (local.get $command) (i32.const 7))
    (then
      (call $log (i32.const 0) (i32.const 300) (i32.const 0))
      (call $log (i32.const 1) (i32.const 300) (i32.const 0))
      (call $log (i32.const 2) (i32.const 300) (i32.const 0))
      (call $log (i32.const 3) (i32.const 300) (i32.const 0))))
  (call $ok (i32.const 0) (i32.const 0)))
