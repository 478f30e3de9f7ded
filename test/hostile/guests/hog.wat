;; hog: any command takes 250 MiB more and writes to all of it.
(func $attack (param $command i32) (param $pts i64) (param $data i32) (param $length i32) (result i32)
  (if (i32.ne (memory.grow (i32.const 4000)) (i32.const -1))
    (then (memory.fill (i32.const 65536) (i32.const 1) (i32.const 262144000))))
  (call $ok (i32.const 0) (i32.const 0)))
